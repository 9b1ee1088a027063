/** Tells the others of a list that someone types, and who of them does. At most once, never kept. */

import { Emitter } from './emitter.js';

const SAY_EVERY_MS = 2_000;
const BELIEVE_MS = 4_500;

/** Emits `change` when `people` has changed. */
export class Typing extends Emitter {
  /** Who types: user id -> `{username, todoId}`; `todoId` null for a new todo. */
  people = new Map();
  #socket;
  #subscription;
  #me;
  #saidAt = Number.NEGATIVE_INFINITY; // the clock starts with the page
  #timers = new Map();

  constructor(listId, { socket, me }) {
    super();
    this.#socket = socket;
    this.#me = me;
    this.#subscription = socket.subscription(`signals:${listId}`, {});
    this.#subscription
      .on('publication', ({ data, info }) => this.#heard(data, info))
      .on('unsubscribed', () => this.#forgetAll());
    this.#subscription.subscribe();
  }

  /** Says that I type, at most every two seconds. Nothing is lost when it does not arrive. */
  say(todoId = null) {
    const now = performance.now();
    if (now - this.#saidAt < SAY_EVERY_MS) return;
    this.#saidAt = now;
    const signal = todoId ? { type: 'typing', todo_id: todoId } : { type: 'typing' };
    this.#subscription.publish(signal).catch(() => null);
  }

  /** Forgets a person at once: what they typed has arrived as an entry. */
  arrived(userId) {
    if (!this.people.delete(userId)) return;
    clearTimeout(this.#timers.get(userId));
    this.emit('change');
  }

  close() {
    this.#forgetAll();
    this.#socket.drop(this.#subscription);
  }

  #heard(data, info) {
    if (data?.type !== 'typing' || !info || info.user === this.#me.id) return;
    const username = info.connInfo?.username ?? 'Someone';
    this.people.set(info.user, { username, todoId: data.todo_id ?? null });
    clearTimeout(this.#timers.get(info.user));
    this.#timers.set(info.user, setTimeout(() => this.arrived(info.user), BELIEVE_MS));
    this.emit('change');
  }

  #forgetAll() {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.people.clear();
    this.emit('change');
  }
}
