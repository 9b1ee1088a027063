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
// A command that breaks the service must not hold up the others for ever: after so many failures
// of a batch its commands go one by one, and one that fails as often alone is given up.
const BATCH_FAILURES = 3;
const ALONE_FAILURES = 6;

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
  #failures = 0; // of batches in a row
  #alone = 0; // how many of the first go one by one

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
    this.#alone = 0;
  }

  async #send() {
    this.#sending = true;
    const batch = this.#queue.slice(0, this.#alone ? 1 : BATCH);
    try {
      const outcome = await this.#post(batch).catch((error) => ({ error }));
      if (outcome.error) this.#troubled(batch, outcome.error);
      else outcome.results.forEach((result, index) => this.#settle(batch[index], result));
    } finally {
      this.#sending = false;
      this.emit('waiting', this.#queue.length);
      if (this.#timer === null) this.flush();
    }
  }

  async #post(batch) {
    const commands = batch.map((item) => item.change.command);
    const answer = await this.#api.post('/commands', { commands });
    // Whatever answers with something else is not the service: the door of a hotel's network, say.
    if (answer?.results?.length !== batch.length) throw new ApiError({ code: 'unreadable' });
    return answer;
  }

  /** Finds out, when a batch as a whole was not taken, which of its commands is to blame. */
  #troubled(batch, error) {
    if (error.passing) {
      this.#later(error.retryAfter);
    } else if (batch.length === 1) {
      this.#failed(batch[0], error);
    } else if (isRefusal(error) || (this.#failures += 1) >= BATCH_FAILURES) {
      this.#failures = 0;
      this.#alone = batch.length;
      if (!isRefusal(error)) this.#later(error.retryAfter);
    } else {
      this.#later(error.retryAfter);
    }
  }

  /** Takes that one command, by itself, was not accepted. */
  #failed(item, error) {
    item.failures = (item.failures ?? 0) + 1;
    if (isRefusal(error) || item.failures >= ALONE_FAILURES) this.#drop(item, 'refused', error);
    else this.#later(error.retryAfter ?? null);
  }

  #settle(item, { status, body }) {
    if (status < 400) this.#drop(item, 'answered', body);
    else if (status === 429 || status === 503) this.#later(null);
    else this.#failed(item, new ApiError({ ...body, status }));
  }

  #drop(item, event, detail) {
    if (!this.#queue.includes(item)) return;
    this.#waitMs = FIRST_WAIT_MS; // the service answers
    this.#failures = 0;
    this.#alone = Math.max(0, this.#alone - 1);
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

/** Tells whether the service has understood, and will say the same again. */
const isRefusal = ({ status }) => status >= 400 && status < 500;
