/** Shows short notices at the edge of the page, and speaks what only eyes would notice. */

import { explain } from '../api.js';
import { at, icon, make, typed } from './dom.js';

const STAY_MS = 6_000;
const STAY_WITH_ACTION_MS = 9_000;
const MOST = 4;

let unsaved = null; // the notice of what was not saved last: {element, why, words}

/**
 * Shows a notice made of strings and elements. `action` is `{label, run}`; `kind` is `problem`,
 * `person` or nothing. It stays while the pointer or the focus is on it; the same problem again takes
 * the place of the first. With `stays` it goes only when it is dismissed. Returns its element.
 */
export function toast(parts, { action = null, kind = '', lead = null, stays = false } = {}) {
  const notice = make('div', { class: `toast ${kind}` }, lead, make('p', {}, ...parts));
  const close = () => {
    const hadFocus = notice.contains(document.activeElement);
    notice.remove();
    if (hadFocus) at('board').focus({ preventScroll: true });
  };
  if (action) {
    const run = () => {
      close();
      action.run();
    };
    notice.append(make('button', { type: 'button', class: 'link', onclick: run }, action.label));
  }
  const dismiss = { type: 'button', class: 'icon-button', 'aria-label': 'Dismiss', onclick: close };
  notice.append(make('button', dismiss, icon('close')));

  let timer;
  const start = () => {
    clearTimeout(timer);
    if (!stays) timer = setTimeout(close, action ? STAY_WITH_ACTION_MS : STAY_MS);
  };
  const stop = () => clearTimeout(timer);
  for (const event of ['pointerenter', 'focusin']) notice.addEventListener(event, stop);
  for (const event of ['pointerleave', 'focusout']) notice.addEventListener(event, start);

  const shelf = at('toasts');
  for (const other of [...shelf.children]) {
    if (kind === 'problem' && other.textContent === notice.textContent) other.remove();
  }
  shelf.append(notice);
  if (stays) notice.dataset.stays = '';
  while (shelf.children.length > MOST) {
    (shelf.querySelector(':scope > :not([data-stays])') ?? shelf.firstElementChild).remove();
  }
  start();
  return notice;
}

/**
 * Gives back words that could not be saved, to be copied: the notice has room for all of them and
 * stays. What was not saved for the same reason shares one, for else the fifth would push out the
 * first.
 */
export function sayUnsaved(words, why) {
  const shared = unsaved?.why === why && unsaved.element.isConnected ? unsaved : null;
  shared?.element.remove();
  const all = [...(shared?.words ?? []), words];
  const quoted = all.flatMap((one, index) => [index ? ', ' : '', make('q', {}, typed(one))]);
  const element = toast(['Not saved: ', ...quoted, '. ', why], { kind: 'problem', stays: true });
  unsaved = { element, why, words: all };
}

/** Says why a change was refused, with the words that were in it. */
export function sayRefused({ title, changes }, error) {
  const words = title ?? changes?.title;
  if (words) sayUnsaved(words, explain(error));
  else toast([explain(error)], { kind: 'problem' });
}

/** Says something to screen readers only. */
export function announce(text) {
  at('announce').textContent = text;
}
