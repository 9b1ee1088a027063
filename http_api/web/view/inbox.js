/** The panel of my personal messages and of the broadcasts. */

import { explain } from '../api.js';
import { at, make } from './dom.js';
import { showTalk } from './talk.js';

export class InboxPanel {
  title = 'Messages';
  template = 'inbox-panel';
  #letters;
  #me;
  #leave = null;

  constructor(letters, me) {
    this.#letters = letters;
    this.#me = me;
  }

  mount() {
    at('write').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#write(event.target);
    });
    this.#leave = this.#letters.on('change', () => this.#show());
    this.#show();
  }

  unmount() {
    this.#leave?.();
  }

  #show() {
    const word = ({ everyone, to }) => {
      if (everyone) return make('span', { class: 'role' }, 'to everyone');
      const name = to?.username ?? to;
      return name && name !== this.#me.username
        ? make('span', { class: 'role' }, 'to ', make('bdi', {}, name))
        : null;
    };
    showTalk(at('letters'), this.#letters.items, this.#me, 'No messages yet.', word);
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
    try {
      await this.#letters.send(to.value.trim(), text.value.trim());
      text.value = '';
    } catch (error) {
      problem.textContent = error.status === 404
        ? 'Nobody who shares a list with you has this name.'
        : explain(error);
    }
  }
}
