/** Edits a title in place, where it stands. */

import { make } from './dom.js';

/**
 * Puts an input in the place of `button` until the reader is done: Enter and leaving keep the
 * words, Escape does not. `kept(words)` is called when they are new and not empty, `typing()` with
 * each stroke, `closed()` at the end in any case. Returns a function that ends it: `close(keep)`.
 */
export function edit(button, value, label, { kept, typing = () => {}, closed = () => {} }) {
  const input = make('input', {
    class: 'title-editor',
    dir: 'auto',
    maxlength: '400', // in UTF-16 units; the service counts 200 code points and says so
    autocomplete: 'off',
    enterkeyhint: 'done',
    'aria-label': label,
  });
  input.value = value;
  let open = true;
  const finish = (keep) => {
    if (!open) return; // taking the input away blurs it, which would finish again
    open = false;
    const words = input.value.trim();
    const hadFocus = document.activeElement === input;
    button.hidden = false;
    input.remove();
    if (hadFocus) button.focus();
    if (keep && words && words !== value) kept(words);
    closed();
  };
  input.addEventListener('input', typing);
  input.addEventListener('blur', () => finish(true));
  input.addEventListener('keydown', (event) => {
    event.stopPropagation(); // the keys of what lies around do not apply while typing
    if (event.isComposing) return;
    if (event.key === 'Enter' || event.key === 'Escape') {
      event.preventDefault(); // the button that gets the focus back must not see this Enter
      finish(event.key === 'Enter');
    }
  });
  button.hidden = true;
  button.after(input);
  input.focus();
  input.select();
  return finish;
}
