/** Follows one list live: snapshot, entries in order, own changes at once, who is here. */

import { Emitter } from './emitter.js';
import { GapError, adopt, foldAll, fromSnapshot, inOrder, withTrash } from './fold.js';
import { uuid7 } from './ids.js';
import { Loading } from './loading.js';
import { overlay, unsettled } from './pending.js';
import { whoIsHere } from './people.js';

// Not a member any more, or the list is gone: pushed by the service, or its answer to a subscribe.
const NO_LONGER = [2000, 103];

/**
 * Emits
 * - `change` when `view` has changed;
 * - `entry` with each confirmed entry that came in live, after the change it made;
 * - `here` when `people` has changed;
 * - `refused` with `(command, error)` when a change of ours was taken back;
 * - `late` when there is nothing to show yet, because the service cannot be reached;
 * - `gone` when there is nothing to follow any more.
 */
export class LiveList extends Emitter {
  /** What to show: confirmed entries with our pending changes over them; null before the first. */
  view = null;
  people = [];
  #order = null;
  #confirmed = null;
  #pending = [];
  #arrived = [];
  #clients = new Map();
  #parts;
  #subscription;
  #leave = [];
  #fetching = new Map(); // the id of a restored todo -> what loads it

  /** `known` of an earlier one is shown until the snapshot is here; null: there was none. */
  constructor(id, parts, known = null) {
    super();
    this.id = id;
    this.#parts = parts; // {api, socket, outbox, me}
    this.#confirmed = known?.confirmed ?? null;
    // What was answered since is not in that state; what was sent since is not in what it held.
    const held = (known?.pending ?? []).filter((change) => !change.refused);
    this.#pending = [...new Set([...held, ...parts.outbox.unanswered(id)])];
    this.#show();
    let first = this.#fetch();
    first.catch(() => null); // getState below meets the refusal
    this.#subscription = parts.socket.subscription(`list:${id}`, {
      joinLeave: true,
      getState: () => {
        // The first snapshot is on its way before the socket is; each later one is fetched anew.
        const state = first ?? this.#fetch();
        first = null;
        return state;
      },
    });
    this.#listen();
    this.#subscription.subscribe();
  }

  /** What to show at once when this list is opened again; null before the snapshot. */
  get known() {
    return this.#confirmed && { confirmed: this.#confirmed, pending: this.#pending };
  }

  get offset() {
    return this.#confirmed?.offset ?? 0;
  }

  /** The live todos in order; sorted once for each view, since several parts of the page ask. */
  get todos() {
    if (!this.view) return [];
    this.#order ??= inOrder(this.view.todos.values());
    return this.#order;
  }

  get trash() {
    const deleted = [...(this.view?.trash.values() ?? [])];
    return deleted.sort((a, b) => (a.deleted_at < b.deleted_at ? 1 : -1));
  }

  /** My role, or null before the snapshot. */
  get role() {
    return this.view?.members.get(this.#parts.me.id)?.role ?? null;
  }

  /** Makes a change: shown at once, sent in order, taken back if the service refuses it. */
  change(type, fields) {
    const command = { type, op: uuid7(), ...fields };
    const change = { op: command.op, command, at: new Date().toISOString() };
    this.#pending = [...this.#pending, change];
    this.#show();
    this.#parts.outbox.send(change, this.id);
  }

  async loadTrash() {
    const { todos } = await this.#parts.api.get(`/lists/${this.id}/trash`);
    if (!this.#confirmed) return;
    this.#confirmed = withTrash(this.#confirmed, todos);
    this.#show();
  }

  close() {
    for (const loading of this.#fetching.values()) loading.stop();
    for (const leave of this.#leave) leave();
    this.#parts.socket.drop(this.#subscription);
  }

  #listen() {
    const { outbox } = this.#parts;
    const seen = () => this.#hereChanged();
    this.#subscription
      .on('publication', ({ data, offset }) => this.#take({ ...data, offset }))
      .on('subscribed', () => this.#askWhoIsHere())
      .on('subscribing', () => this.#onlyMe())
      .on('join', ({ info }) => seen(this.#clients.set(info.client, info)))
      .on('leave', ({ info }) => seen(this.#clients.delete(info.client)))
      .on('unsubscribed', ({ code }) => NO_LONGER.includes(code) && this.emit('gone'));
    this.#leave = [
      outbox.on('answered', (op) => this.#answered(op)),
      outbox.on('refused', (op, error) => this.#refused(op, error)),
    ];
    this.#onlyMe();
  }

  async #fetch() {
    let snapshot;
    try {
      snapshot = await this.#parts.api.get(`/lists/${this.id}`);
    } catch (error) {
      if (error.status === 404) this.emit('gone');
      else if (!this.#confirmed) this.emit('late');
      throw error;
    }
    this.#arrived = [];
    this.#confirmed = fromSnapshot(snapshot);
    this.#show();
    return { epoch: snapshot.epoch, offset: snapshot.offset };
  }

  /** Collects the entries of one burst, so that a long catch-up is one fold and one redraw. */
  #take(entry) {
    this.#arrived.push(entry);
    if (this.#arrived.length === 1) queueMicrotask(() => this.#foldArrived());
  }

  #foldArrived() {
    const entries = this.#arrived.filter((entry) => entry.offset > this.offset);
    this.#arrived = [];
    if (!this.#confirmed || !entries.length) return;
    try {
      this.#confirmed = foldAll(this.#confirmed, entries);
    } catch (error) {
      if (!(error instanceof GapError)) throw error;
      this.#fetch().catch(() => null);
      return;
    }
    this.#show(entries);
    for (const id of this.#confirmed.absent.keys()) this.#fetchAbsent(id);
    for (const entry of entries) this.emit('entry', entry);
    if (this.#confirmed.deleted) this.emit('gone');
  }

  /** Fetches a todo that came back from a trash we do not know, for as long as that takes. */
  #fetchAbsent(id) {
    if (this.#fetching.has(id)) return;
    const loading = new Loading(
      async () => {
        if (!this.#confirmed.absent.has(id)) return; // a snapshot has brought it meanwhile
        const { todo } = await this.#parts.api.get(`/todos/${id}`);
        this.#confirmed = adopt(this.#confirmed, todo);
        this.#show();
      },
      (error) => this.#fetched(id, error),
    );
    this.#fetching.set(id, loading);
    loading.now();
  }

  #fetched(id, error) {
    if (error?.passing) return; // it is tried again
    this.#fetching.delete(id);
    // 404: purged meanwhile, or the list is not ours any more; either is told by an entry.
    if (error && error.status !== 404) this.#fetch().catch(() => null);
  }

  #show(entries = []) {
    if (!this.#confirmed) return;
    this.#pending = unsettled(this.#pending, this.#confirmed, entries);
    this.#order = null;
    this.view = overlay(this.#confirmed, this.#pending, this.#parts.me);
    this.emit('change');
  }

  #answered(op) {
    if (this.#pending.some((one) => one.op === op)) this.#show();
  }

  #refused(op, error) {
    const change = this.#pending.find((one) => one.op === op);
    if (!change) return;
    this.#pending = this.#pending.filter((one) => one !== change);
    this.#show();
    this.emit('refused', change.command, error);
  }

  async #askWhoIsHere() {
    const { clients } = await this.#subscription.presence().catch(() => ({ clients: null }));
    if (!clients) return;
    this.#clients = new Map(Object.entries(clients));
    this.#hereChanged();
  }

  #onlyMe() {
    const { id, username } = this.#parts.me;
    this.#clients = new Map([['', { user: id, connInfo: { username } }]]);
    this.#hereChanged();
  }

  #hereChanged() {
    this.people = whoIsHere(this.#clients);
    this.emit('here');
  }
}
