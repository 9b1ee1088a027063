/** Edits a title in place, where it stands. */

import { make } from './dom.js';

/**
 * Puts an input in the place of `button` until the reader is done: Enter and leaving keep the
 * words, Escape does not. `kept(words)` is called when they are new and not empty, `typing()` with
 * the words at each stroke, `closed()` at the end in any case. `beside` (null: nothing) is put under
 * the input; the focus may go there and back. Returns a function that ends it: `close(keep)`.
 */
export function edit(button, value, label, options) {
  const { kept, typing = () => {}, closed = () => {}, beside = null } = options;
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
  const within = (element) => element === input || Boolean(beside?.contains(element));
  const finish = (keep) => {
    if (!open) return; // taking the input away blurs it, which would finish again
    open = false;
    const words = input.value.trim();
    const hadFocus = within(document.activeElement);
    button.hidden = false;
    input.remove();
    beside?.remove();
    if (hadFocus) button.focus();
    if (keep && words && words !== value) kept(words);
    closed();
  };
  const left = ({ relatedTarget }) => within(relatedTarget) || finish(true);
  input.addEventListener('input', () => typing(input.value));
  input.addEventListener('blur', left);
  beside?.addEventListener('focusout', left);
  beside?.addEventListener('keydown', (event) => {
    event.stopPropagation();
    if (event.key === 'Escape') input.focus();
  });
  input.addEventListener('keydown', (event) => {
    event.stopPropagation(); // the keys of what lies around do not apply while typing
    if (event.isComposing) return;
    if (event.key === 'Enter' || event.key === 'Escape') {
      event.preventDefault(); // the button that gets the focus back must not see this Enter
      finish(event.key === 'Enter');
    }
  });
  button.hidden = true;
  button.after(input, ...(beside ? [beside] : []));
  input.focus();
  input.select();
  return finish;
}
