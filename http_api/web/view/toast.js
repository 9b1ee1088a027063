/** Shows short notices at the edge of the page, and speaks what only eyes would notice. */

import { at, icon, make } from './dom.js';

const STAY_MS = 6_000;
const STAY_WITH_ACTION_MS = 9_000;
const MOST = 4;

/**
 * Shows a notice made of strings and elements. `action` is `{label, run}`; `kind` is `problem`,
 * `person` or nothing. It stays while the pointer or the focus is on it; the same problem again takes
 * the place of the first.
 */
export function toast(parts, { action = null, kind = '', lead = null } = {}) {
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
    timer = setTimeout(close, action ? STAY_WITH_ACTION_MS : STAY_MS);
  };
  const stop = () => clearTimeout(timer);
  for (const event of ['pointerenter', 'focusin']) notice.addEventListener(event, stop);
  for (const event of ['pointerleave', 'focusout']) notice.addEventListener(event, start);

  const shelf = at('toasts');
  for (const other of [...shelf.children]) {
    if (kind === 'problem' && other.textContent === notice.textContent) other.remove();
  }
  shelf.append(notice);
  while (shelf.children.length > MOST) shelf.firstElementChild.remove();
  start();
  return close;
}

/** Says something to screen readers only. */
export function announce(text) {
  at('announce').textContent = text;
}
