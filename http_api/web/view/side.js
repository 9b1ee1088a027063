/** Shows my lists at the side (a screen of its own on a phone), and makes new ones. */

import { explain } from '../api.js';
import { uuid7 } from '../ids.js';
import { tooLong } from '../title.js';
import { tint } from './avatar.js';
import { arrange, at, icon, make } from './dom.js';
import { toast } from './toast.js';

function mark(id) {
  const square = make('span', { class: 'mark', 'aria-hidden': 'true' });
  tint(square, id);
  return square;
}

export class Side {
  #lists;
  #items = new Map();
  #current = null;
  #making = null; // the ids of a list that is being made, or may be made: the answer was lost

  /** `opened(id)` is called with a list that was just made here. */
  constructor(lists, opened) {
    this.#lists = lists;
    lists.on('change', () => this.#show());
    at('new-list-title').addEventListener('input', () => {
      this.#making = null; // another title is another list
    });
    at('new-list').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#create(event.target.elements.title, opened);
    });
  }

  mark(id) {
    this.#current = id;
    this.#show();
  }

  #show() {
    const items = this.#lists.items.map((item) => this.#item(item));
    for (const id of this.#items.keys()) if (!this.#lists.find(id)) this.#items.delete(id);
    arrange(at('lists'), items);
  }

  #item({ id, title, open, role }) {
    let item = this.#items.get(id);
    if (!item) {
      const inbox = id === this.#lists.inboxId;
      item = make('li', {}, make('a', { href: `#/lists/${id}` },
        inbox ? icon('inbox') : mark(id),
        make('bdi', { class: 'name' }),
        make('span', { class: 'count' })));
      this.#items.set(id, item);
    }
    const link = item.firstElementChild;
    link.querySelector('.name').textContent = title;
    link.querySelector('.count').textContent = open ? String(open) : '';
    link.title = role === 'viewer' ? `${title} (view only)` : title; // it may be cut
    if (id === this.#current) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
    return item;
  }

  async #create(input, opened) {
    const title = input.value.trim();
    if (!title || input.readOnly) return; // Enter works in a field that is only read, too
    if (tooLong(title)) {
      toast([tooLong(title)], { kind: 'problem' });
      return;
    }
    input.readOnly = true; // disabled, it would lose the focus
    this.#making ??= { id: uuid7(), op: uuid7() };
    try {
      const id = await this.#lists.create(title, this.#making);
      this.#making = null;
      input.value = '';
      opened(id);
    } catch (error) {
      if (!error.passing) this.#making = null;
      toast([explain(error)], { kind: 'problem' });
    } finally {
      input.readOnly = false;
    }
  }
}
