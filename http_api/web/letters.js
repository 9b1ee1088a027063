/** Keeps my personal messages and the broadcasts, and what of them I have read, on all devices. */

import { Emitter } from './emitter.js';
import { uuid7 } from './ids.js';
import { Loading } from './loading.js';

/**
 * Emits `change` when something here has changed, and `new` with a letter from somebody else that
 * has just come in.
 */
export class Letters extends Emitter {
  /** `{id, text, from, to, at, offset, everyone}`, the oldest first. */
  items = [];
  readUpTo = 0;
  /** Whether they could be loaded; `now()` loads them. */
  loading = new Loading(() => this.#load(), () => this.emit('change'));
  #api;
  #me;

  constructor(api, me) {
    super();
    this.#api = api;
    this.#me = me;
  }

  /** How many personal messages from others are unread. */
  get unread() {
    const fresh = (one) => !one.everyone && !this.isMine(one) && one.offset > this.readUpTo;
    return this.items.filter(fresh).length;
  }

  isMine(letter) {
    return letter.from.id === this.#me.id;
  }

  async send(to, text, op = uuid7()) {
    await this.#api.post('/messages', { op, to, text });
  }

  /** Takes one entry of my own log, or of the broadcast log (`everyone`). */
  take(entry, everyone = false) {
    if (entry.type === 'messages.read') {
      this.readUpTo = Math.max(this.readUpTo, entry.up_to);
    } else if (entry.type === 'message.received' || entry.type === 'broadcast.posted') {
      const letter = { ...entry.message, offset: entry.offset, everyone };
      if (!this.#add(letter)) return;
      if (!this.isMine(letter)) this.emit('new', letter);
    } else {
      return;
    }
    this.emit('change');
  }

  /** Says that everything here has been seen. */
  async read() {
    const last = Math.max(0, ...this.items.filter((one) => !one.everyone).map((one) => one.offset));
    if (last <= this.readUpTo || !this.unread) return;
    this.readUpTo = last;
    this.emit('change');
    await this.#api.post('/messages/read', { op: uuid7(), up_to: last }).catch(() => null);
  }

  async #load() {
    const [mine, all] = await Promise.all([
      this.#api.pages('/messages', 'messages'),
      this.#api.pages('/broadcasts', 'broadcasts'),
    ]);
    this.readUpTo = Math.max(this.readUpTo, mine.last.read_up_to);
    for (const letter of mine.items) this.#add({ ...letter, everyone: false });
    for (const letter of all.items) this.#add({ ...letter, everyone: true });
  }

  #add(letter) {
    if (this.items.some((one) => one.id === letter.id)) return false;
    this.items = [...this.items, letter].sort((a, b) => (a.at < b.at ? -1 : 1));
    return true;
  }
}
