/**
 * Builds elements. Text always goes in as text, never as markup, and what people typed is isolated
 * (`<bdi>`), so that its direction cannot turn the words around it.
 */

const SVG = 'http://www.w3.org/2000/svg';

// Strokes on a 24 × 24 field.
const ICONS = {
  plus: 'M12 5v14M5 12h14',
  check: 'M5.5 12.5l4.2 4.2 8.8-9.4',
  close: 'M6.5 6.5l11 11M17.5 6.5l-11 11',
  grip: 'M9 6h.01M15 6h.01M9 12h.01M15 12h.01M9 18h.01M15 18h.01',
  bell: 'M6 16.5V11a6 6 0 1 1 12 0v5.5l1.5 1.5h-15zM10 20.5a2.2 2.2 0 0 0 4 0',
  share: 'M9.5 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM3 20a6.5 6.5 0 0 1 11.2-4.5M18 14v6M15 17h6',
  talk: 'M5 5h14a1.5 1.5 0 0 1 1.5 1.5v9A1.5 1.5 0 0 1 19 17h-7l-4.5 3.5V17H5a1.5 1.5 0 0 1-1.5-1.5v-9A1.5 1.5 0 0 1 5 5z',
  trash: 'M4.5 7h15M9.5 7V4.5h5V7M6.5 7l.8 12.5h9.4L17.5 7M10.3 10.5v5.5M13.7 10.5v5.5',
  logout: 'M14 4.5H6.5v15H14M10.5 12H20M16.5 8.5L20 12l-3.5 3.5',
  back: 'M14.5 5.5L8 12l6.5 6.5',
  chevron: 'M9.5 6.5L15 12l-5.5 5.5',
  send: 'M5 12h13M12.5 6l6 6-6 6',
  inbox: 'M4 13.5l2.5-8h11l2.5 8V19H4zM4 13.5h4.5l1.2 2.5h4.6l1.2-2.5H20',
  next: 'M12 3.5l2.4 5.3 5.8.6-4.3 3.9 1.2 5.7-5.1-2.9-5.1 2.9 1.2-5.7-4.3-3.9 5.8-.6z',
  plan: 'M4 5h6v5H4zM14 14h6v5h-6zM10 7.5h3.5a1.5 1.5 0 0 1 1.5 1.5v5',
  undo: 'M8.5 5L4.5 9l4 4M5 9h9a5 5 0 0 1 0 10h-4',
};

/** Returns the one element with this id, in `root`. */
export function at(id, root = document) {
  return root.querySelector(`#${CSS.escape(id)}`);
}

/**
 * Makes an element: `make('button', {class: 'x', type: 'button', onclick: f}, 'text', child)`.
 * Attributes that are null, undefined or false are left out; strings become text nodes.
 */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Makes an isolated piece of text that somebody typed. */
export const typed = (text) => make('bdi', {}, text);

/** Makes an icon; it says nothing to screen readers, so its button needs a label. */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}

/** Puts the icons in that `data-icon` asks for. */
export function drawIcons(root) {
  for (const place of root.querySelectorAll('[data-icon]')) place.prepend(icon(place.dataset.icon));
}

/** Copies a template's content, with its icons. */
export function copyOf(templateId) {
  const copy = at(templateId).content.cloneNode(true);
  drawIcons(copy);
  return copy;
}

/**
 * Makes `parent`'s children exactly these, moving only those out of place. The one that holds the
 * focus is never moved, the others are put around it: moving it would end what is typed in it.
 */
export function arrange(parent, children) {
  const wanted = new Set(children);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  const focused = document.activeElement;
  const held = children.findIndex((one) => one.parentElement === parent && one.contains(focused));
  let next = held < 0 ? null : children[held];
  for (const child of children.slice(0, Math.max(held, 0)).reverse()) {
    const there = child.parentElement === parent && child.nextElementSibling === next;
    if (!there) parent.insertBefore(child, next);
    next = child;
  }
  next = held < 0 ? parent.firstElementChild : children[held].nextElementSibling;
  for (const child of children.slice(held + 1)) {
    if (child === next) next = next.nextElementSibling;
    else parent.insertBefore(child, next);
  }
}

/** Tells whether the reader asked for less motion. */
export const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

/** Runs `change`, then lets the elements glide from where they were to where they are (FLIP). */
export function glide(elements, change) {
  const before = new Map(elements.map((element) => [element, element.getBoundingClientRect().top]));
  change();
  if (calm()) return;
  for (const [element, top] of before) {
    const way = top - element.getBoundingClientRect().top;
    if (!way || Math.abs(way) > innerHeight || !element.isConnected) continue;
    const steps = [{ transform: `translateY(${way}px)` }, { transform: 'none' }];
    element.animate(steps, { duration: 180, easing: 'cubic-bezier(.2, .7, .3, 1)' });
  }
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const farDay = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });

/** Spells a time of the service (RFC 3339): the hour when it is today, else the day. */
export function when(at) {
  const date = new Date(at);
  const now = new Date();
  if (date.toDateString() === now.toDateString()) return clock.format(date);
  return (date.getFullYear() === now.getFullYear() ? day : farDay).format(date);
}
