/** Offers labels for a todo while its title is open. */

import { Hints, labelsFor } from '../hints.js';
import { chips, keepFocus } from './chips.js';
import { make } from './dom.js';

export class LabelOffer {
  element = make('div', { class: 'hints', hidden: true });
  #hints;
  #todo;
  #add;
  #answer = null;
  #shown = '';

  /** `suggest(title)` resolves to the service's answer; `add(label)` puts one on. */
  constructor(todo, suggest, add) {
    this.#todo = todo;
    this.#add = add;
    this.#hints = new Hints(suggest, (answer) => {
      this.#answer = answer;
      this.#show();
    });
    keepFocus(this.element);
    this.#hints.settled(todo.title);
  }

  /** Takes the title as it is being typed. */
  typed(title) {
    this.#hints.typed(title);
  }

  /** Takes a newer state of the todo: what it has is not offered. */
  update(todo) {
    this.#todo = todo;
    this.#show();
  }

  close() {
    this.#hints.stop();
    this.element.remove();
  }

  #show() {
    const labels = this.#answer ? labelsFor(this.#answer, this.#todo.labels) : [];
    const key = labels.join('\n');
    if (key === this.#shown) return;
    this.#shown = key;
    this.element.hidden = labels.length === 0;
    this.element.replaceChildren(...(labels.length ? [chips(['Label:'], labels, {
      kind: 'labels',
      label: (name) => `Label it ${name}`,
      picked: this.#add,
    })] : []));
  }
}
