/** The panel of a list's deleted todos: look, and bring back. */

import { explain } from '../api.js';
import { Loading } from '../loading.js';
import { icon, at, make, typed, when } from './dom.js';
import { refill } from './refill.js';
import { toast } from './toast.js';

export class TrashPanel {
  title = 'Trash';
  template = 'trash-panel';
  #list;
  #socket;
  #loading;
  #asked = false;
  #shown = 0;
  #leave = [];

  constructor(list, { socket }) {
    this.#list = list;
    this.#socket = socket;
  }

  mount() {
    this.#loading = new Loading(() => this.#list.loadTrash(), (error) => {
      if (error) toast([explain(error)], { kind: 'problem' });
      this.#show();
    });
    this.#leave = [
      this.#list.on('change', () => this.#changed()),
      this.#socket.on('state', (state) => state === 'live' && this.#load()),
    ];
    this.#show();
    this.#load();
  }

  unmount() {
    this.#loading.stop();
    for (const leave of this.#leave) leave();
  }

  #load() {
    if (!this.#list.view) return; // there is nothing yet to put it beside
    this.#asked = true;
    this.#loading.now();
  }

  /** Loads what a snapshot, the first or a later one, has left out: it never brings the trash. */
  #changed() {
    const before = this.#shown;
    this.#show();
    if (!this.#asked || (before > 0 && this.#shown === 0)) this.#load();
  }

  #show() {
    const mayWrite = ['owner', 'editor'].includes(this.#list.role);
    const items = this.#list.trash.map((todo) => make('li', { 'data-id': todo.id },
      make('span', { class: 'name' }, typed(todo.title),
        make('time', { datetime: todo.deleted_at }, when(todo.deleted_at))),
      mayWrite ? make('button', {
        type: 'button',
        class: 'button small',
        'aria-label': `Bring back: ${todo.title}`,
        onclick: () => this.#list.change('todo.restore', { todo_id: todo.id }),
      }, icon('undo'), 'Bring back') : null));
    this.#shown = items.length;
    if (!items.length || this.#loading.state === 'failed') {
      items.unshift(make('li', { class: 'hint' }, this.#loading.words('The trash is empty.')));
    }
    refill(at('trash'), items);
  }
}
