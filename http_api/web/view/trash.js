/** The panel of a list's deleted todos: look, and bring back. */

import { explain } from '../api.js';
import { icon, at, make, typed, when } from './dom.js';
import { toast } from './toast.js';

export class TrashPanel {
  title = 'Trash';
  template = 'trash-panel';
  #list;
  #socket;
  #loaded = false;
  #leave = [];

  constructor(list, { socket }) {
    this.#list = list;
    this.#socket = socket;
  }

  mount() {
    this.#leave = [
      this.#list.on('change', () => this.#show()),
      this.#socket.on('state', (state) => state === 'live' && !this.#loaded && this.#load()),
    ];
    this.#show();
    this.#load();
  }

  unmount() {
    for (const leave of this.#leave) leave();
  }

  async #load() {
    try {
      await this.#list.loadTrash();
      this.#loaded = true;
    } catch (error) {
      toast([explain(error)], { kind: 'problem' });
    }
  }

  #show() {
    const mayWrite = ['owner', 'editor'].includes(this.#list.role);
    const items = this.#list.trash.map((todo) => make('li', {},
      make('span', { class: 'name' }, typed(todo.title),
        make('time', { datetime: todo.deleted_at }, when(todo.deleted_at))),
      mayWrite ? make('button', {
        type: 'button',
        class: 'button small',
        'aria-label': `Bring back: ${todo.title}`,
        onclick: () => this.#list.change('todo.restore', { todo_id: todo.id }),
      }, icon('undo'), 'Bring back') : null));
    at('trash').replaceChildren(...items);
    if (!items.length) at('trash').append(make('li', { class: 'hint' }, 'The trash is empty.'));
  }
}
