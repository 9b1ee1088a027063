/** The panel that draws what waits for what in a list, and lets one say so. */

import { at, icon, make, typed } from './dom.js';
import { GraphPanel } from './graph_panel.js';
import { Picture } from './picture.js';
import { refill } from './refill.js';

export class PlanPanel extends GraphPanel {
  title = 'Plan';
  template = 'plan-panel';
  #list;
  #api;
  #opened;
  #picture;

  /** `opened(id)` is called with the todo whose box was chosen. */
  constructor(list, { api }, opened) {
    super('plan');
    this.#list = list;
    this.#api = api;
    this.#opened = opened;
  }

  mount() {
    this.#picture = new Picture(at('plan'), this.#opened);
    at('wait').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#wait(event.target.elements);
    });
    this.#fill();
    this.begin([
      this.#list.on('change', () => this.#fill()),
      this.#list.on('entry', () => this.soon()),
    ]);
  }

  ask(again) {
    const about = `/lists/${this.#list.id}`;
    const from = `min_offset=${again ? this.#list.offset : 0}`;
    return Promise.all([
      this.#api.get(`${about}/graph?${from}`),
      this.#api.get(`${about}/critical-path?${from}`),
    ]);
  }

  show(graph, path) {
    const chain = path.todos.length > 1 ? path.todos.map(({ id }) => id) : [];
    const { shown, left } = this.#picture.draw(graph, chain);
    const words = [];
    if (!shown) words.push('Nothing in this list waits for anything yet.');
    if (chain.length) {
      words.push(`The longest chain takes ${lasting(path.minutes)}`
        + `${path.assumed ? `, at ${path.assumed_min} min for what has no estimate` : ''}.`);
    }
    const more = left + Math.max(0, (graph.total ?? 0) - graph.nodes.length);
    if (more) words.push(`${more} more are not drawn.`);
    this.hint(words.join(' '));
    this.#showWaits(graph);
  }

  #showWaits({ nodes, edges }) {
    const mayWrite = ['owner', 'editor'].includes(this.#list.role);
    const named = new Map(nodes.map((node) => [node.id, node]));
    const isOpen = (id) => named.get(id)?.completed === false;
    const open = edges.filter(({ from, to }) => isOpen(from) && isOpen(to));
    refill(at('waits'), open.slice(0, 100).map(({ from, to }) => {
      const [one, other] = [named.get(from).title, named.get(to).title];
      return make('li', { 'data-id': `${from} ${to}` },
        make('span', { class: 'name' }, typed(one), make('small', {}, ' waits for '), typed(other)),
        mayWrite ? make('button', {
          type: 'button',
          class: 'icon-button',
          'aria-label': `${one} no longer waits for ${other}`,
          onclick: () => this.#list.change('todo.unblock', { todo_id: from, by: to }),
        }, icon('close')) : null);
    }));
  }

  /** Offers the open todos, keeping what is chosen. */
  #fill() {
    const form = at('wait');
    const open = this.#list.todos.filter((todo) => !todo.completed);
    form.hidden = open.length < 2 || !['owner', 'editor'].includes(this.#list.role);
    for (const name of ['todo', 'by']) {
      const select = form.elements[name];
      const chosen = select.value;
      const known = [...select.options].map(({ value, text }) => `${value} ${text}`).join();
      if (known === open.map(({ id, title }) => `${id} ${title}`).join()) continue;
      select.replaceChildren(...open.map(({ id, title }) => make('option', { value: id }, title)));
      if (open.some(({ id }) => id === chosen)) select.value = chosen;
      else select.selectedIndex = Math.min(name === 'by' ? 0 : 1, open.length - 1);
    }
  }

  #wait({ todo, by }) {
    if (todo.value === by.value) {
      this.hint('A todo cannot wait for itself.');
      return;
    }
    this.#list.change('todo.block', { todo_id: todo.value, by: by.value });
  }
}

function lasting(minutes) {
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
}
