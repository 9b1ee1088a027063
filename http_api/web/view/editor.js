/** Edits a title in place, where it stands. */

import { tooLong } from '../title.js';
import { make } from './dom.js';
import { sayUnsaved, toast } from './toast.js';

/**
 * Puts an input in the place of `button` until the reader is done: Enter and leaving keep the
 * words, Escape does not, and words that are too long stay open. `kept(words)` is called when they
 * are new and not empty, `typing()` with the words at each stroke, `closed()` at the end in any
 * case. `beside` (null: nothing) is put under the input; the focus may go there and back. Returns
 * how it may be ended from outside: `close(keep)`; `leave()`, which keeps the words or, where they
 * are too long, says them in a notice; `lose(why)`, which says them: nothing can keep them any more.
 */
export function edit(button, value, label, options) {
  const { kept, typing = () => {}, closed = () => {}, beside = null } = options;
  const input = make('input', {
    class: 'title-editor',
    dir: 'auto',
    maxlength: '4000', // much more than fits, so that what was pasted can be shortened by its writer
    autocomplete: 'off',
    enterkeyhint: 'done',
    'aria-label': label,
  });
  input.value = value;
  let open = true;
  const within = (element) => element === input || Boolean(beside?.contains(element));
  const finish = (keep) => {
    if (!open) return; // taking the input away blurs it, which would finish again
    const words = input.value.trim();
    if (keep && tooLong(words)) {
      input.setAttribute('aria-invalid', 'true');
      toast([tooLong(words)], { kind: 'problem' });
      return;
    }
    open = false;
    const hadFocus = within(document.activeElement);
    button.hidden = false;
    input.remove();
    beside?.remove();
    if (hadFocus) button.focus();
    if (keep && words && words !== value) kept(words);
    closed();
  };
  const left = ({ relatedTarget }) => within(relatedTarget) || finish(true);
  input.addEventListener('input', () => {
    if (!tooLong(input.value)) input.removeAttribute('aria-invalid');
    typing(input.value);
  });
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
  const lose = (why) => {
    const words = input.value.trim();
    if (open && words && words !== value) sayUnsaved(words, why);
    finish(false);
  };
  const leave = () => {
    const trouble = tooLong(input.value);
    if (trouble) lose(trouble);
    else finish(true);
  };
  return { close: finish, leave, lose };
}
