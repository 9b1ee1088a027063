/** Keeps the messages that are being written while no field shows them, one for each place. */

import { uuid7 } from '../ids.js';

export class Draft {
  text = '';
  to = ''; // for whom, where that is written too
  #field = null;
  #tried = null; // {text, to, op} of what was sent last and may have arrived without an answer

  /** Shows the draft in a field, and follows what is written there. */
  show(field) {
    this.#field = field;
    field.value = this.text;
    field.addEventListener('input', () => {
      this.text = field.value;
      // Written anew, the same words are a message of their own.
      if (this.text.trim() !== this.#tried?.text) this.#tried = null;
    });
  }

  /**
   * Empties the field and sends what stood there by `post(op, text)`. Resolves to null when that
   * went well, else to `{error, text, kept}`; `kept` is false when the words could not be given
   * back, since others have been written meanwhile. Sent again unchanged, they have the same
   * operation id, and so are there once even if only the answer was lost.
   */
  async send(post) {
    const { to } = this;
    const text = this.text.trim();
    const known = this.#tried?.text === text && this.#tried.to === to;
    const op = known ? this.#tried.op : uuid7();
    this.#tried = null;
    this.#write('');
    try {
      await post(op, text);
    } catch (error) {
      const kept = !this.text;
      if (kept) {
        this.#write(text);
        this.#tried = error.passing ? { text, to, op } : null;
      }
      return { error, text, kept };
    }
    return null;
  }

  #write(text) {
    this.text = text;
    if (this.#field) this.#field.value = text;
  }
}

/** The drafts of one session; nothing of them is stored. */
export class Drafts {
  #drafts = new Map();

  /** Returns the one of this list, or of this panel. */
  of(place) {
    if (!this.#drafts.has(place)) this.#drafts.set(place, new Draft());
    return this.#drafts.get(place);
  }
}
