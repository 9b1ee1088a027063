/** Draws what waits for what as boxes and lines that can be walked with the keyboard. */

import { BOX, inSentence, layOut, step } from '../plan.js';
import { make } from './dom.js';

const SVG = 'http://www.w3.org/2000/svg';
const RING = 3; // px between a box and the ring around the focused one

function shape(name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** The picture in `place`. One box is reached with Tab, the others from it with the arrow keys. */
export class Picture {
  #place;
  #boxes = [];
  #current = null; // the id of the box that Tab reaches

  /** `opened(id)` is called with the todo whose box was clicked, or chosen with Enter or Space. */
  constructor(place, opened) {
    this.#place = place;
    place.addEventListener('keydown', (event) => this.#key(event, opened));
    place.addEventListener('click', ({ target }) => {
      const id = target.closest('.node')?.dataset.id;
      if (id) opened(id);
    });
    place.addEventListener('focusin', ({ target }) => {
      const id = target.closest('.node')?.dataset.id;
      if (id) this.#reach(id);
    });
  }

  /** Draws, keeping the focus; returns how many todos it shows, and how many not. */
  draw(graph, path) {
    const picture = layOut(graph, path);
    const focused = this.#place.contains(document.activeElement);
    this.#boxes = picture.boxes;
    this.#place.hidden = picture.boxes.length === 0;
    this.#place.replaceChildren(svg(picture));
    const known = picture.boxes.some(({ id }) => id === this.#current);
    this.#reach(known ? this.#current : picture.boxes[0]?.id ?? null);
    if (focused) this.#node(this.#current)?.focus({ preventScroll: true });
    return { shown: picture.boxes.length, left: picture.left };
  }

  #key(event, opened) {
    const id = event.target.closest('.node')?.dataset.id;
    if (!id || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      opened(id);
      return;
    }
    const next = step(this.#boxes, id, event.key);
    if (next === null) return;
    event.preventDefault();
    const node = this.#node(next);
    node.focus({ preventScroll: true });
    node.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  #node(id) {
    return [...this.#place.querySelectorAll('.node')].find((node) => node.dataset.id === id);
  }

  #reach(id) {
    this.#node(this.#current)?.setAttribute('tabindex', '-1');
    this.#current = id;
    this.#node(id)?.setAttribute('tabindex', '0');
  }
}

function svg({ boxes, lines, width, height }) {
  const picture = shape('svg', {
    width,
    height,
    viewBox: `0 0 ${width} ${height}`,
    role: 'group',
    'aria-label': `${boxes.length} todos and what they wait for, the first ones at the left`,
  });
  // The longest chain over the other lines.
  for (const line of [...lines].sort((a, b) => a.critical - b.critical)) {
    const kind = line.critical ? 'edge critical' : 'edge';
    picture.append(shape('path', { d: line.d, class: kind, fill: 'none' }));
  }
  for (const box of boxes) picture.append(node(box, boxes));
  return picture;
}

function node(box, boxes) {
  const states = ['ready', 'completed', 'critical'].filter((state) => box[state]);
  const place = { x: box.x, y: box.y, width: BOX.width, height: BOX.height };
  const words = make('div', { class: 'words' }, make('div', { dir: 'auto' }, box.title));
  return shape('g', {
    class: ['node', ...states].join(' '),
    'data-id': box.id,
    role: 'button',
    tabindex: '-1',
    'aria-label': inSentence(box, boxes),
  },
  shape('title', {}, box.title),
  shape('rect', {
    class: 'ring',
    x: box.x - RING,
    y: box.y - RING,
    width: BOX.width + 2 * RING,
    height: BOX.height + 2 * RING,
    rx: 10 + RING,
  }),
  shape('rect', { class: 'box', ...place, rx: 10 }),
  shape('foreignObject', place, words));
}
