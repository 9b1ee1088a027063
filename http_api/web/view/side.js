/** Shows my lists at the side (a screen of its own on a phone), and makes new ones. */

import { explain } from '../api.js';
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

  /** `opened(id)` is called with a list that was just made here. */
  constructor(lists, opened) {
    this.#lists = lists;
    lists.on('change', () => this.#show());
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
    if (!title) return;
    input.readOnly = true; // disabled, it would lose the focus
    try {
      const id = await this.#lists.create(title);
      input.value = '';
      opened(id);
    } catch (error) {
      toast([explain(error)], { kind: 'problem' });
    } finally {
      input.readOnly = false;
    }
  }
}
