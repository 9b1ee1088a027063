/** Shows the head of the open list: its name, who is here, and whether the page is live. */

import { avatar } from './avatar.js';
import { at, make } from './dom.js';
import { edit } from './editor.js';

const FACES = 5;

const STATES = {
  live: 'Live',
  connecting: 'Reconnecting…',
  offline: 'Offline',
};

export class Head {
  #list = null;
  #me;
  #socket;
  #outbox;
  #leave = [];
  #title = at('list-title');
  #editor = null;

  constructor(me, socket, outbox) {
    this.#me = me;
    this.#title.addEventListener('click', () => this.#rename());
    this.#socket = socket;
    this.#outbox = outbox;
    socket.on('state', () => this.#showState());
    outbox.on('waiting', () => this.#showState());
    this.#showState();
  }

  /** Follows another list (null: none). `title` is what to show before its snapshot is here. */
  follow(list, title = '') {
    this.#editor?.leave(); // into the list that it is of
    for (const leave of this.#leave) leave();
    this.#list = list;
    this.#title.textContent = title;
    this.#title.disabled = true;
    document.title = title ? `${title} · Lockstep` : 'Lockstep';
    this.#leave = list
      ? [list.on('change', () => this.#showTitle()), list.on('here', () => this.#showHere())]
      : [];
    this.#showHere();
    this.#showState();
    if (list?.view) this.#showTitle();
  }

  #showTitle() {
    const { title } = this.#list.view.list;
    if (this.#title.textContent !== title) this.#title.textContent = title;
    this.#title.disabled = !['owner', 'editor'].includes(this.#list.role);
    this.#showState();
    const people = this.#list.role === 'owner' ? 'Share' : 'People';
    at('open-people').querySelector('.label').textContent = people;
    document.title = `${title} · Lockstep`;
  }

  #showHere() {
    const people = this.#list?.people ?? [];
    const faces = people.slice(0, FACES).map(({ id, username }) => {
      const title = id === this.#me.id ? `${username} (you)` : username;
      return make('li', { 'data-user': username }, avatar(username, { title }));
    });
    const more = people.length - FACES;
    if (more > 0) faces.push(make('li', { class: 'more' }, `+${more}`));
    at('here').replaceChildren(...faces);
  }

  #showState() {
    const { state } = this.#socket;
    const { waiting } = this.#outbox;
    const element = at('state');
    element.dataset.state = state;
    const words = element.querySelector('.state-text');
    const saving = waiting === 1 ? '1 change waits' : `${waiting} changes wait`;
    // A change that is under way for a blink is not worth a word while the page is live.
    const parts = [STATES[state]];
    if (this.#list?.role === 'viewer') parts.push('view only');
    else if (waiting && state !== 'live') parts.push(saving);
    const text = parts.join(' · ');
    if (words.textContent !== text) words.textContent = text;
  }

  #rename() {
    const list = this.#list;
    this.#editor = edit(this.#title, list.view.list.title, 'Name of the list', {
      kept: (title) => list.change('list.update', { list_id: list.id, changes: { title } }),
      closed: () => {
        this.#editor = null;
      },
    });
  }
}
