/** The panel that says what to do next, over all lists, and why. */

import { uuid7 } from '../ids.js';
import { inWords } from '../reasons.js';
import { at, icon, make, typed } from './dom.js';
import { GraphPanel } from './graph_panel.js';
import { refill } from './refill.js';

const LIMIT = 30;

export class NextPanel extends GraphPanel {
  title = 'Next';
  template = 'next-panel';
  #parts;
  #current;
  #done = new Set(); // ticked here, and maybe still in the next answer
  #sent = new Map(); // ticks of lists that are not open, by operation id

  /** `current()` gives the list that is open, or null. */
  constructor(parts, current) {
    super('next');
    this.#parts = parts; // {api, lists, outbox, socket, news}
    this.#current = current;
  }

  mount() {
    const { outbox, socket, news, lists } = this.#parts;
    const soon = () => this.soon();
    this.begin([
      outbox.on('answered', soon),
      outbox.on('refused', (op) => this.#refused(op)),
      socket.on('personal', soon),
      news.on('entry', soon),
      lists.on('change', soon),
    ]);
  }

  async ask() {
    return [await this.#parts.api.get(`/recommendations?limit=${LIMIT}`)];
  }

  show({ items }) {
    const named = new Set(items.map(({ todo }) => todo.id));
    const current = this.#current()?.view?.todos;
    for (const id of this.#done) {
      const again = current?.get(id)?.completed === false; // its tick was taken back on the board
      if (again || !named.has(id)) this.#done.delete(id);
    }
    const open = items.filter(({ todo }) => !this.#done.has(todo.id));
    refill(at('next'), open.map((item) => this.#item(item)));
    this.hint(open.length ? '' : 'Nothing waits for you. Whatever you add shows up here.');
  }

  #item({ todo, score, reasons }) {
    const title = this.#parts.lists.find(todo.list_id)?.title ?? '';
    const words = reasons.map((reason) => [inWords(reason), reason]).filter(([said]) => said);
    const points = reasons.map((one) => `${one.kind} ${one.points}`).join(' + ');
    return make('li', { class: 'advice', 'data-id': todo.id },
      make('button', {
        type: 'button',
        class: 'tick',
        role: 'checkbox',
        'aria-checked': 'false',
        'aria-label': todo.title,
        onclick: ({ currentTarget }) => this.#tick(todo, currentTarget),
      }, icon('check')),
      make('span', { class: 'name' }, typed(todo.title)),
      score ? make('span', {
        class: 'score',
        role: 'img',
        title: points,
        'aria-label': `${score} points: ${points}`,
      }, String(score)) : null,
      make('ul', { class: 'facts' },
        make('li', {}, make('a', { class: 'from', href: `#/lists/${todo.list_id}` }, typed(title))),
        ...words.map(([said, reason]) => make('li', { class: `fact ${tone(reason)}` }, said))));
  }

  #tick(todo, button) {
    button.setAttribute('aria-checked', 'true');
    button.closest('li').classList.add('completed');
    this.#done.add(todo.id);
    const fields = { todo_id: todo.id, changes: { completed: true } };
    const current = this.#current();
    if (current?.id === todo.list_id) {
      current.change('todo.update', fields);
      return;
    }
    const command = { type: 'todo.update', op: uuid7(), ...fields };
    const change = { op: command.op, command, at: new Date().toISOString() };
    this.#sent.set(command.op, todo.id);
    this.#parts.outbox.send(change, todo.list_id);
  }

  /** Brings back what could not be ticked; why is said by others. */
  #refused(op) {
    if (this.#sent.has(op)) this.#done.delete(this.#sent.get(op));
    else this.#done.clear();
    this.soon();
  }
}

/** Returns the class that colours a reason. */
function tone({ kind, facts }) {
  if (kind === 'priority') return facts.priority;
  return kind === 'due' && facts.due_in_hours < 0 ? 'due high' : kind;
}
