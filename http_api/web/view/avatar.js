/** Shows a person as a disc with initials, in a colour made from the name. */

import { hue, initials } from '../people.js';
import { make } from './dom.js';

/** Makes the disc; `title` is what the pointer shows, the name itself by default. */
export function avatar(name, { title = name, element = 'span' } = {}) {
  const disc = make(element, { class: 'avatar', title, role: 'img', 'aria-label': title });
  return dress(disc, name);
}

/** Gives an element a person's initials and colour. */
export function dress(element, name) {
  element.textContent = initials(name);
  tint(element, name);
  return element;
}

/** Gives an element a person's colour as `--hue`. */
export function tint(element, name) {
  element.style.setProperty('--hue', String(hue(name)));
}
