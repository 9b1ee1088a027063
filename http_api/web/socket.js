/**
 * Holds the page's one connection, through the official SDK of the Centrifugo client protocol,
 * which reconnects, renews the token and recovers what was missed.
 */

import { Emitter } from './emitter.js';

const REFUSED_TOKEN = 3500;

/**
 * Emits
 * - `state` with `live`, `connecting` or `offline`;
 * - `personal` and `everyone` with an entry of the user's own log and of the broadcast log;
 * - `reload` with the channel of one of those two logs when it could not be resumed, so that what
 *   hangs on it is loaded afresh.
 */
export class Socket extends Emitter {
  state = 'connecting';
  #client;
  #renewed = false;

  constructor(session) {
    super();
    this.#client = new Centrifuge(ways(), {
      name: 'lockstep-page',
      emulationEndpoint: '/emulation',
      getToken: () => token(session),
      minReconnectDelay: 300,
      maxReconnectDelay: 5_000,
    });
    this.#client
      .on('connected', () => this.#become('live'))
      .on('connecting', () => this.#become(navigator.onLine ? 'connecting' : 'offline'))
      .on('disconnected', ({ code }) => this.#cut(session, code))
      .on('publication', ({ channel, data, offset }) => {
        this.emit(channel === 'all' ? 'everyone' : 'personal', { ...data, offset });
      })
      .on('subscribed', ({ channel, wasRecovering, recovered }) => {
        if (!(wasRecovering && recovered)) this.emit('reload', channel);
      });
    addEventListener('online', this.#network);
    addEventListener('offline', this.#network);
  }

  connect() {
    this.#client.connect();
  }

  close() {
    removeEventListener('online', this.#network);
    removeEventListener('offline', this.#network);
    this.#client.disconnect();
  }

  /** Makes a subscription that still has to be started with `subscribe()`. */
  subscription(channel, options) {
    return this.#client.newSubscription(channel, options);
  }

  /** Ends a subscription for good. */
  drop(subscription) {
    subscription.removeAllListeners();
    this.#client.removeSubscription(subscription);
  }

  #network = () => {
    if (this.state === 'live') return; // the SDK notices a dead connection by itself
    this.#become(navigator.onLine ? 'connecting' : 'offline');
  };

  /** The service said "stay away". A refused token may be renewed once; else the reader decides. */
  async #cut(session, code) {
    this.#become('offline');
    if (code !== REFUSED_TOKEN || this.#renewed || !session.user) return;
    this.#renewed = true;
    this.#client.setToken(await session.renew(await session.fresh()).catch(() => ''));
    if (session.user) this.connect();
  }

  #become(state) {
    if (state === 'live') this.#renewed = false;
    if (state === this.state) return;
    this.state = state;
    this.emit('state', state);
  }
}

/** A WebSocket, and an HTTP stream for networks that let none through: whichever opens first. */
function ways() {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  return [
    { transport: 'websocket', endpoint: `${scheme}//${location.host}/connection/websocket` },
    { transport: 'http_stream', endpoint: '/connection/http_stream' },
  ];
}

async function token(session) {
  try {
    // The SDK asks when a fraction of the lifetime is left; the same token again would not help.
    return await session.fresh(0.5);
  } catch (error) {
    // No session any more: the SDK must stop asking. Anything else it tries again by itself.
    if (!session.user) throw new Centrifuge.UnauthorizedError();
    throw error;
  }
}
