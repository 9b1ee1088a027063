/**
 * Keeps someone logged in on this page.
 *
 * The access token lives in memory only; the refresh token in an HttpOnly cookie that no script
 * sees. All tabs share the cookie, so renewals take turns (Web Locks): a refresh token works once.
 */

import { ApiError, send } from './api.js';
import { Emitter } from './emitter.js';

/**
 * Emits `ended` with the reason when the session is over: `left` (logged out here), `elsewhere` (in
 * another tab), `other` (somebody else logged in on another tab) or `over` (revoked or expired).
 */
export class Session extends Emitter {
  user = null;
  #token = null;
  #lifeMs = 0;
  #expiresAt = 0;
  #renewing = null;
  #made = null; // {username, sure}: an account made, or maybe made, whose login failed
  #leaving = null; // the reason, while a logout is under way: its end may show elsewhere first
  #tabs = typeof BroadcastChannel === 'function' ? new BroadcastChannel('lockstep') : null;

  constructor() {
    super();
    this.#tabs?.addEventListener('message', ({ data }) => {
      if (data === 'logged out') this.#end('elsewhere');
      else this.#leaving = data === 'logging out' ? 'elsewhere' : null;
    });
  }

  /** Takes up the session of the cookie. Resolves to the user, or null when there is none. */
  async resume() {
    try {
      await this.renew(null);
    } catch (error) {
      if (error.status === 0 || error.status >= 500 || error.status === 429) throw error;
      return null;
    }
    return this.#meet();
  }

  async login(username, password) {
    this.#accept(await send('POST', '/auth/login?refresh=cookie', { username, password }));
    return this.#meet();
  }

  /**
   * Makes an account and logs in; `invite` is the token of an invitation, or null. Called again
   * after a login that failed, or an answer that was lost, it finds the account that it made.
   */
  async register(username, password, invite = null) {
    const again = this.#made?.username === username;
    if (!again || !this.#made.sure) {
      try {
        await send('POST', '/auth/register', { username, password, ...(invite && { invite }) });
        this.#made = { username, sure: true };
      } catch (error) {
        if (error.passing) this.#made = { username, sure: false };
        if (!again || error.status !== 409) throw error;
        // The name is taken, perhaps by us: then this password fits.
        return this.login(username, password).catch((refused) => {
          throw refused.passing ? refused : error;
        });
      }
    }
    return this.login(username, password);
  }

  /** Resolves to an access token that has at least this share of its lifetime left. */
  async fresh(share = 0.05) {
    const good = this.#token !== null && Date.now() < this.#expiresAt - share * this.#lifeMs;
    return good ? this.#token : this.renew(this.#token);
  }

  /** Resolves to an access token newer than `stale`; callers at the same time share one renewal. */
  async renew(stale) {
    if (this.#token !== null && this.#token !== stale) return this.#token;
    this.#renewing ??= exclusively(() => this.#renew()).finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  /** Ends the session everywhere. Rejects, and changes nothing, while nobody answers. */
  async logout() {
    this.#leaving = 'left';
    this.#tabs?.postMessage('logging out');
    await send('POST', '/auth/logout', {}, this.#token).catch((error) => {
      if (!error.passing) return; // it is over already
      this.#leaving = null;
      this.#tabs?.postMessage('still here');
      throw error; // the cookie would still open the door
    });
    this.#tabs?.postMessage('logged out');
    this.#end('left');
  }

  async #renew() {
    try {
      this.#accept(await send('POST', '/auth/refresh', {}));
    } catch (error) {
      if ([400, 401, 403, 422].includes(error.status) && this.user) this.#end('over');
      throw error;
    }
    return this.#token;
  }

  #accept({ access_token: token, expires_in: seconds }) {
    const owner = subject(token);
    if (this.user && owner && owner !== this.user.id) {
      // Somebody else logged in on another tab: this page must not go on in their name.
      this.#end('other');
      throw new ApiError({ status: 401, code: 'other_user', detail: 'Please log in again.' });
    }
    this.#token = token;
    this.#lifeMs = seconds * 1000;
    this.#expiresAt = Date.now() + this.#lifeMs;
  }

  async #meet() {
    this.user = await send('GET', '/me', undefined, this.#token);
    return this.user;
  }

  #end(reason) {
    if (!this.user) return; // once
    this.user = null;
    this.#token = null;
    this.emit('ended', this.#leaving ?? reason);
  }
}

/** Runs `work` while no other tab runs its own; without Web Locks (plain HTTP) just runs it. */
function exclusively(work) {
  return navigator.locks ? navigator.locks.request('lockstep-refresh', work) : work();
}

/** Returns the user id in an access token, or null. It is for this page's own check only. */
function subject(token) {
  try {
    return JSON.parse(atob(token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/'))).sub ?? null;
  } catch {
    return null;
  }
}
