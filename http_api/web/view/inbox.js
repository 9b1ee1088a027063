/** The panel of my personal messages and of the broadcasts. */

import { explain } from '../api.js';
import { at, make, typed } from './dom.js';
import { showTalk } from './talk.js';
import { toast } from './toast.js';

export class InboxPanel {
  title = 'Messages';
  template = 'inbox-panel';
  #letters;
  #me;
  #draft;
  #leave = null;

  constructor(letters, me, draft) {
    this.#letters = letters;
    this.#me = me;
    this.#draft = draft;
  }

  mount() {
    const { to, text } = at('write').elements;
    to.value = this.#draft.to;
    to.addEventListener('input', () => {
      this.#draft.to = to.value.trim();
    });
    this.#draft.show(text);
    at('write').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#write(event.target);
    });
    this.#leave = this.#letters.on('change', () => this.#show());
    this.#show();
  }

  unmount() {
    this.#leave?.();
    this.#leave = null;
  }

  #show() {
    const word = ({ everyone, to }) => {
      if (everyone) return make('span', { class: 'role' }, 'to everyone');
      const name = to?.username ?? to;
      return name && name !== this.#me.username
        ? make('span', { class: 'role' }, 'to ', make('bdi', {}, name))
        : null;
    };
    const { items, loading } = this.#letters;
    showTalk(at('letters'), items, this.#me, loading, { empty: 'No messages yet.', word });
    this.#letters.read();
  }

  async #write(form) {
    const { to, text } = form.elements;
    const problem = form.querySelector('.problem');
    const missing = [to, text].find((input) => !input.value.trim());
    if (missing) {
      missing.focus();
      return;
    }
    problem.textContent = '';
    const name = this.#draft.to;
    const failed = await this.#draft.send((op, words) => this.#letters.send(name, words, op));
    if (!failed) return;
    const why = failed.error.status === 404
      ? 'Nobody who shares a list with you has this name.'
      : explain(failed.error);
    if (this.#leave && failed.kept) problem.textContent = why;
    else toast(['Not sent to ', typed(name), ': ', typed(failed.text), ' ', why], { kind: 'problem' });
  }
}
