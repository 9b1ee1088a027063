/** Keeps the lists I am a member of: loaded, then kept true by the entries of my own log. */

import { Emitter } from './emitter.js';
import { uuid7 } from './ids.js';

/**
 * Emits
 * - `change` when `items` has changed;
 * - `joined` with `(item, entry)` and `left` with `(id, entry)` when somebody else did that.
 */
export class Lists extends Emitter {
  /** `{id, title, role, open}`, my inbox first, then as the service orders them. */
  items = [];
  inboxId = null;
  loaded = false;
  #api;
  #me;

  constructor(api, me) {
    super();
    this.#api = api;
    this.#me = me;
  }

  /** Loads them all. What is made or left meanwhile counts: the answer may be older. */
  async load() {
    const before = this.items;
    const { lists } = await this.#api.get('/lists');
    this.loaded = true;
    const within = (items) => ({ id }) => items.some((one) => one.id === id);
    const [had, have, told] = [within(before), within(this.items), within(lists)];
    const made = this.items.filter((item) => !had(item) && !told(item));
    // What has changed meanwhile is newer than the answer.
    const newer = (item) => {
      const now = had(item) ? this.find(item.id) : null;
      return now && !before.includes(now) ? { ...item, ...now } : item;
    };
    const kept = lists.filter((item) => have(item) || !had(item));
    this.#keep([...kept.map(newer), ...made]);
  }

  find(id) {
    return this.items.find((item) => item.id === id) ?? null;
  }

  /** Makes a list and resolves to its id; with the same two ids again it is the same list. */
  async create(title, { id = uuid7(), op = uuid7() } = {}) {
    await this.#api.post('/lists', { id, op, title });
    this.#add({ id, title, role: 'owner', open: 0 });
    return id;
  }

  /** Joins the list that an invitation's token opens; resolves to its id. */
  async join(token, op = uuid7()) {
    const { list, role } = await this.#api.post(`/invites/${token}/accept`, { op });
    this.#add({ open: null, ...list, role });
    return list.id;
  }

  async delete(id) {
    await this.#api.delete(`/lists/${id}`);
    this.#remove(id);
  }

  async leave(id) {
    await this.#api.delete(`/lists/${id}/members/${encodeURIComponent(this.#me.username)}`);
    this.#remove(id);
  }

  /** Takes one entry of my own log. */
  take(entry) {
    const mine = entry.actor?.id === this.#me.id;
    if (entry.type === 'list.joined') {
      const known = this.find(entry.list.id);
      const item = { open: known?.open ?? null, ...entry.list, role: entry.role };
      const isNew = !known;
      this.#add(item);
      if (isNew && !mine) this.emit('joined', item, entry);
    } else if (entry.type === 'list.left') {
      const known = this.find(entry.list_id);
      this.#remove(entry.list_id);
      if (known && !mine) this.emit('left', known, entry);
    }
  }

  /** Takes what the open list knows about itself. */
  update(id, { title, open }) {
    const item = this.find(id);
    if (!item || (item.title === title && item.open === open)) return;
    this.#keep(this.items.map((one) => (one === item ? { ...item, title, open } : one)));
  }

  #add(item) {
    const others = this.items.filter((one) => one.id !== item.id);
    const known = this.find(item.id);
    if (known) this.#keep(this.items.map((one) => (one === known ? { ...known, ...item } : one)));
    else this.#keep([...others, item]);
  }

  #remove(id) {
    this.#keep(this.items.filter((item) => item.id !== id));
  }

  #keep(items) {
    const inbox = items.find((one) => one.inbox);
    this.items = inbox ? [inbox, ...items.filter((one) => one !== inbox)] : items;
    this.inboxId = inbox?.id ?? null;
    this.emit('change');
  }
}
