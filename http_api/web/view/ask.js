/** Asks before something that cannot be undone. */

import { at } from './dom.js';

/** Resolves to true when the reader agrees. */
export function ask(title, text, yes) {
  const dialog = at('ask');
  at('ask-title').textContent = title;
  at('ask-text').textContent = text;
  at('ask-yes').textContent = yes;
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise((resolve) => {
    const answer = () => resolve(dialog.returnValue === 'yes');
    dialog.addEventListener('close', answer, { once: true });
  });
}
