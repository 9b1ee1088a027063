/** Shows the todos of the open list, who types, and does what the reader wants done to them. */

import { explain } from '../api.js';
import { suggestions } from '../hints.js';
import { avatar } from './avatar.js';
import { Composer } from './composer.js';
import { draggable } from './drag.js';
import { arrange, at, calm, glide, make, typed } from './dom.js';
import { Row } from './row.js';
import { announce, sayRefused, toast } from './toast.js';

const GLIDE_UP_TO = 300; // rows; measuring more of them would cost more than the glide gives

const EMPTY = {
  alone: 'Nothing to do here yet. Write your first todo below.',
  shared: 'Nothing to do here yet. Write the first todo below; everyone on this list sees it at once.',
  reader: 'Nothing to do here yet. You may look at this list, but not change it.',
  done: 'All done.',
  late: 'This list cannot be reached right now. It opens by itself as soon as it can be.',
};

export class Board {
  #list = null;
  #typing = null;
  #me;
  #rows = new Map();
  #leave = [];
  #current = null; // the todo whose buttons Tab reaches
  #dragging = false;
  #clicked = null; // the todo that a click, or the first of a double click, was for
  #api;
  #composer;
  #compose = false; // the list was just made: one goes on writing

  constructor(me, api) {
    this.#me = me;
    this.#api = api;
    this.#composer = new Composer(api);
    for (const id of ['open', 'done']) {
      at(id).addEventListener('keydown', (event) => this.#key(event));
      at(id).addEventListener('click', (event) => this.#meant(event), true);
      at(id).addEventListener('focusin', ({ target }) => this.#reach(target));
    }
    at('open').addEventListener('pointerdown', ({ target, button }) => {
      if (button === 0 && target.closest('.grip')) this.#dragging = true;
    });
    draggable(at('open'), at('board'), {
      dropped: (row, before) => this.#move(row.dataset.id, before?.dataset.id ?? null),
      settled: () => {
        this.#dragging = false;
        this.#render();
      },
    });
  }

  /** Follows another list (null: none); `compose` puts the focus where todos are added. */
  follow(list, typing, compose = false) {
    for (const leave of this.#leave) leave();
    const left = [...this.#rows.values()];
    this.#rows.clear();
    for (const row of left) row.leave(); // into the list that they are of
    this.#list = list;
    this.#typing = typing;
    this.#compose = compose;
    this.#current = null;
    this.#dragging = false; // a drag ends with the list that it was in
    for (const id of ['open', 'done']) at(id).replaceChildren();
    at('empty').hidden = true;
    at('done-group').hidden = true;
    at('board').classList.toggle('busy', list !== null);
    at('board').classList.remove('late', 'bare');
    this.#composer.follow(list, typing);
    if (!list) return;
    this.#leave = [
      list.on('change', () => this.#render()),
      list.on('entry', (entry) => this.#live(entry)),
      list.on('refused', (command, error) => this.#sayRefused(command, error)),
      list.on('late', () => this.#sayLate()),
      typing.on('change', () => this.#renderTyping()),
    ];
    this.#render();
  }

  /** Brings a todo into view and gives it the focus; tells whether it is there. */
  reveal(id) {
    const row = this.#rows.get(id);
    if (!row) return false;
    if (row.todo.completed) at('done-group').open = true;
    row.element.scrollIntoView({ block: 'center', behavior: calm() ? 'auto' : 'smooth' });
    const place = row.tick.disabled ? row.element : row.tick; // a reader's box cannot be ticked
    place.focus({ preventScroll: true });
    row.flash(this.#me.username);
    return true;
  }

  get #mayWrite() {
    return this.#list?.role === 'owner' || this.#list?.role === 'editor';
  }

  #render() {
    const list = this.#list;
    if (!list?.view || this.#dragging) return;
    at('board').classList.remove('busy', 'late');
    at('board').classList.toggle('read-only', !this.#mayWrite);
    this.#composer.allow(this.#mayWrite);

    this.#dropRows(list.view.todos);
    const todos = list.todos;
    const open = todos.filter((todo) => !this.#standsDone(todo));
    const done = todos.filter((todo) => this.#standsDone(todo));
    done.sort((a, b) => (a.completed_at < b.completed_at ? 1 : -1));

    const shown = [...this.#rows.values()].map((row) => row.element);
    glide(todos.length > GLIDE_UP_TO ? [] : shown, () => {
      arrange(at('open'), open.map((todo) => this.#row(todo).element));
      arrange(at('done'), done.map((todo) => this.#row(todo).element));
      this.#sayEmpty(open, done);
      at('done-count').textContent = String(done.length);
      at('done-group').hidden = done.length === 0;
    });
    if (!this.#rows.has(this.#current)) this.#makeCurrent(open[0]?.id ?? done[0]?.id ?? null);
    if (this.#compose && !document.activeElement.closest('#panel')) this.#composer.focus();
    this.#compose = false;
  }

  /** Forgets the rows of todos that are gone; what was being written there is not lost. */
  #dropRows(known) {
    for (const [id, row] of this.#rows) {
      if (known.has(id)) continue;
      this.#rows.delete(id);
      row.lose('The todo was deleted meanwhile.');
    }
  }

  /** Tells whether a todo stands under "Done"; one whose title is open stays where it is. */
  #standsDone(todo) {
    const row = this.#rows.get(todo.id);
    return row?.editing ? at('done').contains(row.element) : todo.completed;
  }

  /** Puts a row where it belongs once its title is closed; the focus does not go with it. */
  #settle(row) {
    if (this.#rows.get(row.todo.id) !== row) return; // its list has been left, or it is gone
    const hadFocus = row.element.contains(document.activeElement);
    const neighbour = this.#neighbour(row.todo.id);
    this.#render();
    if (hadFocus && !row.element.contains(document.activeElement)) neighbour.focus();
  }

  #row(todo) {
    let row = this.#rows.get(todo.id);
    if (!row) {
      const [list, typing] = [this.#list, this.#typing]; // a title may end when these have changed
      row = new Row({
        tick: (one, byKey) => this.#tick(one, byKey),
        rename: (one, title, base) => {
          list.change('todo.update', { todo_id: one.id, changes: { title }, base });
        },
        remove: (one) => this.#remove(one),
        typing: (one) => typing.say(one.id),
        offset: () => list.offset,
        label: (one, label) => list.change('todo.add_label', { todo_id: one.id, label }),
        suggest: (title) => suggestions(this.#api, list.id, title),
        closed: (one) => this.#settle(one),
      });
      row.reachable(todo.id === this.#current);
      this.#rows.set(todo.id, row);
    }
    row.show(todo);
    row.lock(!this.#mayWrite);
    return row;
  }

  #sayEmpty(open, done) {
    const empty = at('empty');
    empty.hidden = open.length > 0;
    at('board').classList.toggle('bare', open.length + done.length === 0);
    if (open.length) return;
    const writer = this.#list.view.members.size > 1 ? 'shared' : 'alone';
    empty.textContent = EMPTY[done.length ? 'done' : this.#mayWrite ? writer : 'reader'];
  }

  #sayLate() {
    at('board').classList.add('late', 'bare');
    at('empty').textContent = EMPTY.late;
    at('empty').hidden = false;
  }

  #renderTyping() {
    const adding = [];
    const renaming = new Map();
    for (const { username, todoId } of this.#typing.people.values()) {
      if (this.#rows.has(todoId)) renaming.set(todoId, username);
      else adding.push(username);
    }
    for (const [id, row] of this.#rows) row.typingBy(renaming.get(id) ?? null);
    const place = at('typing');
    place.replaceChildren();
    if (!adding.length) return;
    const words = adding.length === 1 ? ' is typing' : ` and ${adding.length - 1} more are typing`;
    place.append(typed(adding[0]), words, make('span', { class: 'dots' }));
  }

  /** Shows what somebody else has just done. */
  #live(entry) {
    const { actor } = entry;
    this.#typing.arrived(actor.id);
    if (actor.id === this.#me.id) return;
    this.#rows.get(entry.todo_id ?? entry.todo?.id)?.flash(actor.username);
    if (entry.type === 'todo.updated') this.#sayReplaced(entry);
  }

  /** Tells me that somebody overwrote what I had written, and offers to put it back. */
  #sayReplaced(entry) {
    const list = this.#list;
    for (const [field, { value, by }] of Object.entries(entry.replaced ?? {})) {
      if (by.id !== this.#me.id || field !== 'title') continue;
      const undo = { todo_id: entry.todo_id, changes: { title: value }, base: list.offset };
      toast([typed(entry.actor.username), ' replaced your title ', make('q', {}, typed(value))], {
        kind: 'person',
        lead: avatar(entry.actor.username),
        action: { label: 'Use mine', run: () => list.change('todo.update', undo) },
      });
    }
  }

  /** Says why a change was taken back, and gives what was written back to its writer. */
  #sayRefused(command, error) {
    // Whoever may not write here any more would get the words into a field that is going away.
    const mayWrite = this.#mayWrite && error.status !== 403 && error.status !== 404;
    const given = mayWrite && command.type === 'todo.create' && this.#composer.giveBack(command);
    if (given) toast([explain(error)], { kind: 'problem' });
    else sayRefused(command, error);
  }

  #tick(todo, byKey) {
    const changes = { completed: !todo.completed };
    const neighbour = this.#neighbour(todo.id);
    this.#list.change('todo.update', { todo_id: todo.id, changes, base: this.#list.offset });
    if (byKey) neighbour.focus(); // the row itself has gone to the other group
  }

  #remove(todo) {
    const list = this.#list;
    const row = this.#rows.get(todo.id);
    const hadFocus = row?.element.contains(document.activeElement);
    const neighbour = this.#neighbour(todo.id);
    list.change('todo.delete', { todo_id: todo.id });
    if (hadFocus) neighbour.focus();
    const restore = () => list.change('todo.restore', { todo_id: todo.id });
    const action = { label: 'Undo', run: restore };
    toast(['Deleted ', make('q', {}, typed(todo.title))], { action });
  }

  /** Returns where the focus goes when a row goes away. */
  #neighbour(id) {
    const element = this.#rows.get(id)?.element;
    const next = element?.nextElementSibling ?? element?.previousElementSibling;
    return this.#rows.get(next?.dataset.id)?.tick ?? this.#composer;
  }

  #move(id, after) {
    this.#list.change('todo.move', { todo_id: id, after });
  }

  /** The keys of a row: see the hint under the list. */
  #key(event) {
    const row = this.#rows.get(event.target.closest('.todo')?.dataset.id);
    if (!row || row.editing || event.ctrlKey || event.metaKey) return;
    const way = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (way && event.altKey) this.#moveBy(row, way);
    else if (way) this.#focusBy(row, way);
    else if (event.key === 'Delete' && this.#mayWrite) this.#remove(row.todo);
    else if (event.key === 'F2' || (event.key === 'Enter' && event.target === row.tick)) row.edit();
    else return;
    event.preventDefault();
  }

  #moveBy(row, way) {
    if (!this.#mayWrite || row.todo.completed) return;
    const order = [...at('open').children].map((element) => element.dataset.id);
    const index = order.indexOf(row.todo.id);
    const place = index + way;
    if (place < 0 || place >= order.length) return;
    order.splice(index, 1);
    this.#move(row.todo.id, order[place - 1] ?? null);
    row.tick.focus();
    announce(`Moved to place ${place + 1} of ${order.length + 1}`);
  }

  #focusBy(row, way) {
    const rows = [...document.querySelectorAll('#open > .todo, .done[open] #done > .todo')];
    const next = rows[rows.indexOf(row.element) + way];
    this.#rows.get(next?.dataset.id)?.tick.focus();
  }

  /** Stops the second half of a double click from hitting the row that has moved up meanwhile. */
  #meant(event) {
    const id = event.target.closest('.todo')?.dataset.id;
    if (event.detail < 2) this.#clicked = id;
    else if (id !== this.#clicked) event.stopPropagation();
  }

  #reach(target) {
    const id = target.closest('.todo')?.dataset.id;
    if (id && id !== this.#current) this.#makeCurrent(id);
  }

  #makeCurrent(id) {
    this.#current = id;
    for (const [one, row] of this.#rows) row.reachable(one === id);
  }
}
