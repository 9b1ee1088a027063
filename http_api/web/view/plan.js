/** The panel that draws what waits for what in a list, and lets one say so. */

import { explain } from '../api.js';
import { BOX, layOut } from '../plan.js';
import { at, icon, make, typed } from './dom.js';

const SVG = 'http://www.w3.org/2000/svg';
const SETTLE_MS = 300;
const LETTERS = 20;

function shape(name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

export class PlanPanel {
  title = 'Plan';
  template = 'plan-panel';
  #list;
  #api;
  #leave = [];
  #timer = null;
  #asked = 0;

  constructor(list, { api }) {
    this.#list = list;
    this.#api = api;
  }

  mount() {
    at('wait').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#wait(event.target.elements);
    });
    this.#leave = [
      this.#list.on('change', () => this.#fill()),
      this.#list.on('entry', () => this.#soon()),
    ];
    this.#fill();
    this.#load();
  }

  unmount() {
    clearTimeout(this.#timer);
    for (const leave of this.#leave) leave();
  }

  #soon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#load(this.#list.offset), SETTLE_MS);
  }

  async #load(offset = 0) {
    const asked = ++this.#asked;
    const about = `/lists/${this.#list.id}`;
    try {
      const [graph, path] = await Promise.all([
        this.#api.get(`${about}/graph?min_offset=${offset}`),
        this.#api.get(`${about}/critical-path?min_offset=${offset}`),
      ]);
      if (asked === this.#asked && at('plan')) this.#show(graph, path);
    } catch (error) {
      if (asked === this.#asked && at('plan-hint')) this.#hint(explain(error));
    }
  }

  #hint(words) {
    at('plan-hint').textContent = words;
    at('plan-hint').hidden = !words;
  }

  #show(graph, path) {
    const picture = layOut(graph, path.todos.length > 1 ? path.todos.map(({ id }) => id) : []);
    const place = at('plan');
    place.hidden = picture.boxes.length === 0;
    place.replaceChildren(draw(picture));
    const words = [];
    if (!picture.boxes.length) words.push('Nothing in this list waits for anything yet.');
    if (path.todos.length > 1) {
      words.push(`The longest chain takes ${lasting(path.minutes)}`
        + `${path.assumed ? `, at ${path.assumed_min} min for what has no estimate` : ''}.`);
    }
    if (picture.left) words.push(`${picture.left} more are not drawn.`);
    if (graph.stale) words.push('The graph is away for a moment: this is what it said last.');
    this.#hint(words.join(' '));
    this.#showWaits(graph);
  }

  #showWaits({ nodes, edges }) {
    const mayWrite = ['owner', 'editor'].includes(this.#list.role);
    const named = new Map(nodes.map((node) => [node.id, node]));
    const open = edges.filter(({ from, to }) =>
      !named.get(from)?.completed && !named.get(to)?.completed);
    at('waits').replaceChildren(...open.slice(0, 100).map(({ from, to }) => {
      const [one, other] = [named.get(from).title, named.get(to).title];
      return make('li', {},
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
    if (!form) return;
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
      this.#hint('A todo cannot wait for itself.');
      return;
    }
    this.#list.change('todo.block', { todo_id: todo.value, by: by.value });
  }
}

function draw({ boxes, lines, width, height }) {
  const picture = shape('svg', {
    width,
    height,
    viewBox: `0 0 ${width} ${height}`,
    role: 'img',
    'aria-label': `${boxes.length} todos and what they wait for, the first ones at the left`,
  });
  for (const line of lines) {
    const kind = line.critical ? 'edge critical' : 'edge';
    picture.append(shape('path', { d: line.d, class: kind, fill: 'none' }));
  }
  for (const box of boxes) {
    const states = ['ready', 'completed', 'critical'].filter((state) => box[state]);
    const letters = [...box.title];
    const short = letters.length > LETTERS ? `${letters.slice(0, LETTERS - 1).join('')}…` : box.title;
    picture.append(shape('g', { class: ['node', ...states].join(' ') },
      shape('title', {}, box.title),
      shape('rect', { x: box.x, y: box.y, width: BOX.width, height: BOX.height, rx: 10 }),
      shape('text', { x: box.x + 12, y: box.y + BOX.height / 2, 'dominant-baseline': 'central' },
        short)));
  }
  return picture;
}

function lasting(minutes) {
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
}
