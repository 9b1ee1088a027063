/** The panel where the members of a list talk; its messages are entries of the list's log. */

import { explain } from '../api.js';
import { Loading } from '../loading.js';
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
  #loading;
  #leave = [];

  constructor(list, { api, me, socket, drafts }) {
    this.#list = list;
    this.#api = api;
    this.#me = me;
    this.#socket = socket;
    this.#draft = drafts.of(list.id);
  }

  mount() {
    at('say').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#say();
    });
    this.#draft.show(at('say').elements.text);
    this.#loading = new Loading(() => this.#load(), (error) => {
      if (error) toast([explain(error)], { kind: 'problem' });
      this.#show();
    });
    const again = () => this.#loading.state !== 'loaded' && this.#loading.now();
    this.#leave = [
      this.#list.on('change', () => this.#allow()),
      this.#list.on('entry', (entry) => {
        if (entry.type !== 'message.posted') return;
        this.#keep([entry.message]);
        this.#show();
      }),
      this.#socket.on('state', (state) => state === 'live' && again()),
    ];
    this.#allow();
    this.#show();
    this.#loading.now();
  }

  unmount() {
    this.#loading.stop(); // another list's talk may be there when the answer comes
    for (const leave of this.#leave) leave();
  }

  /** Lets those write who may; whether one may is known with the snapshot, and may change. */
  #allow() {
    at('say').hidden = !['owner', 'editor'].includes(this.#list.role);
  }

  async #load() {
    const path = `/lists/${this.#list.id}/messages`;
    const { items } = await this.#api.pages(path, 'messages');
    this.#keep(items);
  }

  async #say() {
    if (!this.#draft.text.trim()) return;
    const path = `/lists/${this.#list.id}/messages`;
    const failed = await this.#draft.send((op, text) => this.#api.post(path, { op, text }));
    if (failed) toast(['Not sent: ', typed(failed.text), ' ', explain(failed.error)], { kind: 'problem' });
  }

  #keep(messages) {
    for (const message of messages) this.#messages.set(message.id, message);
  }

  #show() {
    const all = [...this.#messages.values()].sort((a, b) => (a.at < b.at ? -1 : 1));
    const empty = 'Nothing said yet. What you write here, all members read.';
    showTalk(at('talk'), all, this.#me, this.#loading, { empty });
  }
}

/**
 * Shows messages with their authors, and scrolls to the newest. Where there are none, or not all
 * because the rest could not be loaded, it says so; `empty` are the words for really none.
 */
export function showTalk(place, messages, me, loading, { empty, word = () => null }) {
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
  if (!messages.length || loading.state === 'failed') {
    place.prepend(make('li', { class: 'hint' }, loading.words(empty)));
  }
  place.scrollTop = place.scrollHeight;
}
