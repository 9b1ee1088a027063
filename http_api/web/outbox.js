/**
 * Sends commands, in order and each at most once at a time, for as long as it takes.
 *
 * A command carries its operation id, so sending it again after a lost answer is safe: the service
 * gives the first answer again. While nobody answers, commands wait here and go out together.
 */

import { ApiError } from './api.js';
import { Emitter } from './emitter.js';

const BATCH = 50;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

/**
 * Emits
 * - `answered` with `(op, body, listId)` when a command was accepted;
 * - `refused` with `(op, error, listId, command)` when it was not and will not be;
 * - `waiting` with the number of commands that have not been answered.
 */
export class Outbox extends Emitter {
  #api;
  #queue = [];
  #sending = false;
  #timer = null;
  #waitMs = FIRST_WAIT_MS;

  constructor(api) {
    super();
    this.#api = api;
    addEventListener('online', () => this.flush());
    addEventListener('beforeunload', (event) => {
      if (this.#queue.length) event.preventDefault();
    });
  }

  get waiting() {
    return this.#queue.length;
  }

  /** Returns the changes of one list that have not been answered, in order. */
  unanswered(listId) {
    return this.#queue.filter((item) => item.listId === listId).map((item) => item.change);
  }

  /**
   * Takes a change `{op, command, at}` of a list. In the end it is marked, for whoever holds it:
   * `answered` is the offset that it produced, `refused` is true.
   */
  send(change, listId) {
    this.#queue.push({ change, listId });
    this.emit('waiting', this.#queue.length);
    if (this.#timer === null) this.flush();
  }

  /** Tries at once, whatever the waiting time. */
  flush() {
    clearTimeout(this.#timer);
    this.#timer = null;
    if (!this.#sending && this.#queue.length) this.#send();
  }

  /** Forgets what was not sent: the session is over. */
  clear() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#queue = [];
  }

  async #send() {
    this.#sending = true;
    const batch = this.#queue.slice(0, BATCH);
    try {
      const { results } = await this.#api.post('/commands', {
        commands: batch.map((item) => item.change.command),
      });
      this.#waitMs = FIRST_WAIT_MS;
      results.forEach((result, index) => this.#settle(batch[index], result));
    } catch (error) {
      if (!error.passing) batch.forEach((item) => this.#drop(item, 'refused', error));
      else this.#later(error.retryAfter);
    }
    this.#sending = false;
    this.emit('waiting', this.#queue.length);
    if (this.#timer === null) this.flush();
  }

  #settle(item, { status, body }) {
    if (status < 400) this.#drop(item, 'answered', body);
    else if (status === 429 || status === 503) this.#later(null);
    else this.#drop(item, 'refused', new ApiError({ ...body, status }));
  }

  #drop(item, event, detail) {
    if (!this.#queue.includes(item)) return;
    this.#queue = this.#queue.filter((one) => one !== item);
    if (event === 'answered') item.change.answered = detail.offset ?? 0;
    else item.change.refused = true;
    this.emit(event, item.change.op, detail, item.listId, item.change.command);
  }

  #later(seconds) {
    // Full jitter keeps many pages from coming back in the same instant.
    const wait = seconds ? seconds * 1000 : this.#waitMs * (0.5 + Math.random() / 2);
    this.#waitMs = Math.min(this.#waitMs * 2, LONGEST_WAIT_MS);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), wait);
  }
}
