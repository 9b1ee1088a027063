/** Asks before something that cannot be undone, or that others will see. */

import { at } from './dom.js';

/**
 * Resolves to true when the reader agrees; `kind` is `danger` or `primary`. One question at a time:
 * the answer to another one that is open must not count for this one.
 */
export async function ask(title, text, yes, kind = 'danger') {
  const dialog = at('ask');
  while (dialog.open) {
    await new Promise((resolve) => dialog.addEventListener('close', resolve, { once: true }));
  }
  at('ask-title').textContent = title;
  at('ask-text').textContent = text;
  at('ask-yes').textContent = yes;
  at('ask-yes').className = `button ${kind}`;
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise((resolve) => {
    const answer = () => resolve(dialog.returnValue === 'yes');
    dialog.addEventListener('close', answer, { once: true });
  });
}
