/** Puts together what a logged-in person sees, and opens the list that the address names. */

import { explain } from '../api.js';
import { Emitter } from '../emitter.js';
import { uuid7 } from '../ids.js';
import { invitation } from '../invitation.js';
import { Letters } from '../letters.js';
import { LiveList } from '../list.js';
import { Lists } from '../lists.js';
import { Loading } from '../loading.js';
import { Outbox } from '../outbox.js';
import { Socket } from '../socket.js';
import { Typing } from '../typing.js';
import { ask } from './ask.js';
import { avatar, dress } from './avatar.js';
import { Board } from './board.js';
import { at, make, typed } from './dom.js';
import { Drafts } from './draft.js';
import { Head } from './head.js';
import { InboxPanel } from './inbox.js';
import { NextPanel } from './next.js';
import { Panel, badge } from './panel.js';
import { PeoplePanel } from './people.js';
import { PlanPanel } from './plan.js';
import { Side } from './side.js';
import { TalkPanel } from './talk.js';
import { sayRefused, toast } from './toast.js';
import { TrashPanel } from './trash.js';

const wide = matchMedia('(min-width: 48rem)');
const KNOWN = 20; // lists that open at once, and while offline, since they were open before

export class Workspace {
  #parts;
  #loading; // of the lists
  #list = null;
  #typing = null;
  #known = new Map(); // list id -> what it showed last, the latest last
  #made = null; // the id of a list that was made just now
  #unheard = 0;
  #asked = false;

  constructor(session, api) {
    const me = session.user;
    const socket = new Socket(session);
    const outbox = new Outbox(api);
    const lists = new Lists(api, me);
    const letters = new Letters(api, me);
    const news = new Emitter(); // the entries of whichever list is open
    const drafts = new Drafts();
    this.#parts = { api, me, socket, outbox, lists, letters, news, drafts };
    this.board = new Board(me, api);
    this.head = new Head(me, socket, outbox);
    this.panel = new Panel();
    this.side = new Side(lists, (id) => {
      this.#made = id;
      location.hash = `#/lists/${id}`;
    });
    this.#loading = new Loading(() => lists.load(), (error) => {
      if (!error || lists.loaded) return;
      toast(['Your lists could not be loaded yet. ', explain(error)], { kind: 'problem' });
    });
    this.#showMe(session);
    this.#listen();
    this.#registerPanels();
  }

  /** Begins; `asked`: an invitation was on show at the door, so it need not be asked about. */
  async start(asked) {
    const { socket, letters } = this.#parts;
    this.#asked = asked && invitation() !== null;
    at('app').hidden = false;
    socket.connect();
    letters.loading.now();
    addEventListener('hashchange', () => this.#route());
    await this.#load();
    wide.addEventListener('change', () => this.#route());
    this.#route();
    // The door has taken the focus with it, unless somebody has been quick.
    if (asked && document.activeElement === document.body) at('board').focus({ preventScroll: true });
  }

  /** Forgets what was not sent, since the session is over; returns how many changes that were. */
  forget() {
    const { outbox } = this.#parts;
    const lost = outbox.waiting;
    outbox.clear();
    return lost;
  }

  #showMe(session) {
    const { me } = this.#parts;
    dress(at('me-avatar'), me.username);
    at('me-name').textContent = me.display_name || me.username;
    at('logout').addEventListener('click', () => this.#logOut(session));
  }

  async #logOut(session) {
    const { waiting } = this.#parts.outbox;
    const changes = waiting === 1 ? 'One change has' : `${waiting} changes have`;
    const text = `${changes} not been saved yet, and would be lost.`;
    if (waiting && !(await ask('Log out now?', text, 'Log out'))) return;
    await session.logout().catch((error) => {
      toast([`You are still logged in. ${explain(error)}`], { kind: 'problem' });
    });
  }

  #listen() {
    const { socket, outbox, lists, letters } = this.#parts;
    document.querySelector('.skip').addEventListener('click', (event) => {
      event.preventDefault(); // the address names a list, not a place on the page
      at('board').focus();
    });
    socket.on('state', (state) => state === 'live' && outbox.flush());
    // The board speaks for the list that is open.
    outbox.on('refused', (op, error, listId, command) => {
      if (listId !== this.#list?.id) sayRefused(command, error);
    });
    socket.on('personal', (entry) => {
      lists.take(entry);
      letters.take(entry);
    });
    socket.on('everyone', (entry) => letters.take(entry, true));
    socket.on('reload', (channel) => {
      letters.loading.now();
      if (channel !== 'all') this.#load();
    });
    // Titles and counts of lists that are not open are only as fresh as the last load.
    document.addEventListener('visibilitychange', () => document.hidden || this.#load());
    lists.on('change', () => this.#route());
    lists.on('joined', (item, { actor }) => {
      const open = () => {
        location.hash = `#/lists/${item.id}`;
      };
      toast([typed(actor.username), ' shared ', make('b', {}, typed(item.title)), ' with you'], {
        kind: 'person',
        lead: avatar(actor.username),
        action: { label: 'Open', run: open },
      });
    });
    lists.on('left', (item) => {
      toast([make('b', {}, typed(item.title)), ' is not shared with you any more']);
    });
    letters.on('change', () => badge(at('inbox-open'), letters.unread));
    letters.on('new', (letter) => {
      if (this.panel.name === 'inbox') return;
      const words = letter.everyone ? ' to everyone: ' : ': ';
      toast([make('b', {}, typed(letter.from.username)), words, typed(letter.text)], {
        kind: 'person',
        lead: avatar(letter.from.username),
        action: { label: 'Open', run: () => at('inbox-open').click() },
      });
    });
  }

  #registerPanels() {
    const { letters, me, drafts } = this.#parts;
    const ofList = (name, id, Content) => {
      this.panel.register(name, at(id), () => {
        if (name === 'talk') this.#hear(0);
        return new Content(this.#list, this.#parts);
      });
    };
    ofList('people', 'open-people', PeoplePanel);
    ofList('talk', 'open-talk', TalkPanel);
    this.panel.register('plan', at('open-plan'), () =>
      new PlanPanel(this.#list, this.#parts, (id) => this.#reveal(id)));
    ofList('trash', 'open-trash', TrashPanel);
    this.panel.register('inbox', at('inbox-open'), () =>
      new InboxPanel(letters, me, drafts.of('inbox')));
    const current = () => this.#list;
    this.panel.register('next', at('next-open'), () => new NextPanel(this.#parts, current));
  }

  /** Goes to a todo of the open list; a panel that lies over it goes away. */
  #reveal(id) {
    if (this.panel.covers) this.panel.close();
    this.board.reveal(id);
  }

  #load() {
    return this.#loading.now();
  }

  /** Opens the list that the address names; on a wide screen there is always one. */
  #route() {
    const { lists } = this.#parts;
    if (!lists.loaded) return;
    const token = invitation();
    if (token) {
      history.replaceState(null, '', location.pathname); // once, and not kept where others look
      this.#join(token);
    }
    const wanted = /^#\/lists\/([0-9a-f-]{36})$/.exec(location.hash)?.[1] ?? null;
    const known = wanted && lists.find(wanted) ? wanted : null;
    const fallback = wide.matches || !location.hash ? lists.inboxId ?? lists.items[0]?.id : null;
    const id = known ?? (wanted && !wide.matches ? null : fallback ?? null);
    if (id && id !== wanted) history.replaceState(null, '', `#/lists/${id}`);
    const { screen } = document.body.dataset;
    const before = this.#list?.id ?? null;
    document.body.dataset.screen = id ? 'list' : 'lists';
    if (id !== before) this.#openList(id);
    if (screen && screen !== document.body.dataset.screen) this.#followFocus(before);
  }

  /** Brings the focus along to the screen that shows now; back to the list one comes from. */
  #followFocus(before) {
    if (wide.matches || at('panel').contains(document.activeElement)) return;
    const link = this.#list ? null : document.querySelector(`#lists [href="#/lists/${before}"]`);
    (link ?? (this.#list ? at('board') : at('next-open'))).focus({ preventScroll: true });
  }

  /** Joins the list that a link opens, and opens it. */
  async #join(token) {
    const text = 'A link invites you to a shared list. Its members will see your name.';
    const agreed = this.#asked || (await ask('Join a list?', text, 'Join', 'primary'));
    this.#asked = false;
    if (agreed) await this.#follow(token, uuid7());
  }

  /** Joins; the token is not in the address any more, so what fails in passing may be tried again. */
  async #follow(token, op) {
    try {
      location.hash = `#/lists/${await this.#parts.lists.join(token, op)}`;
    } catch (error) {
      const title = 'The list could not be joined yet';
      if (error.passing && (await ask(title, error.message, 'Try again', 'primary'))) {
        await this.#follow(token, op);
      } else if (!error.passing) {
        const over = 'This invitation is withdrawn, used up or expired. Ask for a new one.';
        toast([error.status === 404 ? over : error.message], { kind: 'problem' });
      }
    }
  }

  #openList(id) {
    const { lists } = this.#parts;
    const ofAll = this.panel.name === 'inbox' || (this.panel.name === 'next' && wide.matches);
    if (!ofAll) this.panel.close();
    this.#keepKnown();
    this.#list?.close();
    this.#typing?.close();
    this.#list = id ? new LiveList(id, this.#parts, this.#known.get(id)) : null;
    this.#typing = id ? new Typing(id, this.#parts) : null;
    this.#hear(0);
    this.side.mark(id);
    this.head.follow(this.#list, lists.find(id)?.title);
    this.board.follow(this.#list, this.#typing, id !== null && id === this.#made);
    this.#made = null;
    for (const tool of document.querySelectorAll('.tools button')) tool.disabled = !id;
    const list = this.#list;
    list?.on('change', () => this.#tellSide(list));
    this.#list?.on('gone', () => this.#load());
    this.#list?.on('entry', ({ type, actor }) => {
      this.#parts.news.emit('entry', type);
      const heard = this.panel.name === 'talk' || actor.id === this.#parts.me.id;
      if (type === 'message.posted' && !heard) this.#hear(this.#unheard + 1);
    });
  }

  #keepKnown() {
    const { id, known } = this.#list ?? {};
    this.#known.delete(id);
    if (known && this.#parts.lists.find(id)) this.#known.set(id, known);
    for (const one of this.#known.keys()) if (!this.#parts.lists.find(one)) this.#known.delete(one);
    if (this.#known.size > KNOWN) this.#known.delete(this.#known.keys().next().value);
  }

  /** Tells how much there is to do; a closed list, too, may change: by "Undo" in a notice. */
  #tellSide({ id, view, todos }) {
    if (!view) return;
    const open = todos.filter((todo) => !todo.completed).length;
    this.#parts.lists.update(id, { title: view.list.title, open });
  }

  #hear(count) {
    this.#unheard = count;
    badge(at('open-talk'), count);
  }
}
