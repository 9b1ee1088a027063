/** The panel where the members of a list talk; its messages are entries of the list's log. */

import { explain } from '../api.js';
import { avatar } from './avatar.js';
import { at, make, typed, when } from './dom.js';
import { toast } from './toast.js';

export class TalkPanel {
  title = 'Talk';
  template = 'talk-panel';
  #list;
  #api;
  #me;
  #socket;
  #draft;
  #messages = new Map();
  #loaded = false;
  #leave = [];

  constructor(list, { api, me, socket, drafts }) {
    this.#list = list;
    this.#api = api;
    this.#me = me;
    this.#socket = socket;
    this.#draft = drafts.of(list.id);
  }

  mount() {
    at('say').hidden = !['owner', 'editor'].includes(this.#list.role);
    at('say').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#say();
    });
    this.#draft.show(at('say').elements.text);
    this.#leave = [
      this.#list.on('entry', (entry) => {
        if (entry.type === 'message.posted') this.#add([entry.message]);
      }),
      this.#socket.on('state', (state) => state === 'live' && !this.#loaded && this.#load()),
    ];
    this.#load();
  }

  unmount() {
    for (const leave of this.#leave) leave();
  }

  async #load() {
    try {
      const path = `/lists/${this.#list.id}/messages`;
      const { items } = await this.#api.pages(path, 'messages');
      this.#loaded = true;
      if (at('talk')) this.#add(items);
    } catch (error) {
      toast([explain(error)], { kind: 'problem' });
    }
  }

  async #say() {
    if (!this.#draft.text.trim()) return;
    const path = `/lists/${this.#list.id}/messages`;
    const failed = await this.#draft.send((op, text) => this.#api.post(path, { op, text }));
    if (failed) toast(['Not sent: ', typed(failed.text), ' ', explain(failed.error)], { kind: 'problem' });
  }

  #add(messages) {
    for (const message of messages) this.#messages.set(message.id, message);
    const all = [...this.#messages.values()].sort((a, b) => (a.at < b.at ? -1 : 1));
    showTalk(at('talk'), all, this.#me, 'Nothing said yet. What you write here, all members read.');
  }
}

/** Shows messages with their authors, and scrolls to the newest. */
export function showTalk(place, messages, me, empty, word = () => null) {
  place.replaceChildren(...messages.map((message, index) => {
    const mine = message.from.id === me.id;
    const again = index > 0 && messages[index - 1].from.id === message.from.id;
    return make('li', { class: `said${mine ? ' mine' : ''}${again ? ' again' : ''}` },
      avatar(message.from.username),
      make('div', { class: 'words' },
        make('p', { class: 'meta' }, typed(message.from.username), word(message),
          make('time', { datetime: message.at }, when(message.at))),
        make('p', { class: 'text', dir: 'auto' }, message.text)));
  }));
  if (!messages.length) place.append(make('li', { class: 'hint' }, empty));
  place.scrollTop = place.scrollHeight;
}
