/** The panel of a list's deleted todos: look, and bring back. */

import { explain } from '../api.js';
import { icon, at, make, typed, when } from './dom.js';
import { toast } from './toast.js';

export class TrashPanel {
  title = 'Trash';
  template = 'trash-panel';
  #list;
  #leave = null;

  constructor(list) {
    this.#list = list;
  }

  mount() {
    this.#leave = this.#list.on('change', () => this.#show());
    this.#show();
    this.#list.loadTrash().catch((error) => toast([explain(error)], { kind: 'problem' }));
  }

  unmount() {
    this.#leave?.();
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
