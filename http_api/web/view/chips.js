/** Makes small buttons that offer what goes with a title. */

import { make, typed } from './dom.js';

/**
 * Makes a row of buttons behind a few words. `picked(name)` is called with the one that was
 * clicked, `label(name)` says what that does; `chosen` are those that show as pressed (null: a
 * click is done with them).
 */
export function chips(words, names, { kind, chosen = null, label, picked }) {
  const sign = (name) => (chosen?.includes(name) ? '✓ ' : '+ ');
  return make('div', { class: `chips ${kind}`, role: 'group' },
    make('span', { class: 'chips-words' }, ...words),
    ...names.map((name) => make('button', {
      type: 'button',
      class: 'chip',
      'data-name': name,
      'aria-label': label(name),
      'aria-pressed': chosen === null ? null : String(chosen.includes(name)),
      onclick: () => picked(name),
    }, make('span', { 'aria-hidden': 'true' }, sign(name)), typed(name))));
}

/** Leaves the focus where it is when one of the buttons in `place` is pressed with a pointer. */
export function keepFocus(place) {
  place.addEventListener('pointerdown', (event) => event.preventDefault());
}
