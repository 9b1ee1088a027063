/** The panel of a list's members: share it, change a role, remove somebody, leave, delete. */

import { explain } from '../api.js';
import { uuid7 } from '../ids.js';
import { ask } from './ask.js';
import { avatar } from './avatar.js';
import { arrange, at, make, typed } from './dom.js';
import { keepPlace } from './refill.js';
import { toast } from './toast.js';

const ROLES = { owner: 'owns', editor: 'edits', viewer: 'views' };

export class PeoplePanel {
  title = 'People';
  template = 'people-panel';
  #list;
  #lists;
  #api;
  #me;
  #rows = new Map(); // user id -> {item, choice, role}, kept: an open select must stay
  #actionsFor = '';
  #leave = [];

  constructor(list, { lists, api, me }) {
    this.#list = list;
    this.#lists = lists;
    this.#api = api;
    this.#me = me;
  }

  mount() {
    at('invite').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#invite(event.target);
    });
    const show = () => this.#show();
    this.#leave = [this.#list.on('change', show), this.#list.on('here', show)];
    this.#show();
  }

  unmount() {
    for (const leave of this.#leave) leave();
  }

  get #owner() {
    return this.#list.role === 'owner';
  }

  #show() {
    at('invite').hidden = !this.#owner;
    const members = [...(this.#list.view?.members.values() ?? [])];
    const order = Object.keys(ROLES);
    members.sort((a, b) => order.indexOf(a.role) - order.indexOf(b.role)
      || (a.username < b.username ? -1 : 1));
    const rows = members.map((member) => this.#row(member));
    keepPlace(at('members'), () => arrange(at('members'), rows));
    this.#showActions();
  }

  #row(member) {
    const choice = this.#owner && member.id !== this.#me.id;
    let row = this.#rows.get(member.id);
    if (row?.choice !== choice) {
      row = { choice, role: null, ...(choice ? this.#choice(member) : this.#plain(member)) };
      this.#rows.set(member.id, row);
    }
    const here = this.#list.people.some((person) => person.id === member.id);
    row.item.classList.toggle('here-now', here);
    const says = here ? `${member.username} is here` : member.username;
    for (const name of ['title', 'aria-label']) row.item.firstElementChild.setAttribute(name, says);
    if (row.role !== member.role) {
      row.role = member.role;
      row.tell(member.role);
    }
    return row.item;
  }

  #item({ id, username }, last) {
    const you = id === this.#me.id ? ' (you)' : '';
    return make('li', { 'data-id': id },
      avatar(username, { title: username }),
      make('span', { class: 'name' }, typed(username), you),
      last);
  }

  #plain(member) {
    const word = make('span', { class: 'role' });
    const tell = (role) => {
      word.textContent = ROLES[role];
    };
    return { item: this.#item(member, word), tell };
  }

  #choice(member) {
    const select = make('select', { 'aria-label': `What ${member.username} may do` },
      ...Object.entries(ROLES).map(([value, word]) => make('option', { value }, word)),
      make('option', { value: 'remove' }, 'Remove…'));
    const tell = (role) => {
      select.value = role;
    };
    select.addEventListener('change', () => this.#set(member, select.value));
    return { item: this.#item(member, select), tell };
  }

  #showActions() {
    const actions = this.#actions();
    const names = actions.map((button) => button.textContent).join();
    if (names === this.#actionsFor) return; // a button replaced would lose the focus, or its click
    this.#actionsFor = names;
    keepPlace(at('list-actions'), () => at('list-actions').replaceChildren(...actions));
  }

  #actions() {
    const { id } = this.#list;
    if (!this.#list.view || id === this.#lists.inboxId) return [];
    const owners = [...this.#list.view.members.values()].filter(({ role }) => role === 'owner');
    const actions = [];
    if (!this.#owner || owners.length > 1) {
      const leave = () => this.#end('leave', 'Leave this list?',
        'You will not see it any more, until somebody adds you again.', 'Leave');
      actions.push(make('button', { type: 'button', class: 'button', onclick: leave }, 'Leave list'));
    }
    if (this.#owner) {
      const away = () => this.#end('delete', 'Delete this list?',
        'It goes away for everyone, with all its todos. This cannot be undone.', 'Delete');
      actions.push(make('button', { type: 'button', class: 'button danger-text', onclick: away },
        'Delete list'));
    }
    return actions;
  }

  async #end(way, title, text, yes) {
    if (!(await ask(title, text, yes))) return;
    await this.#lists[way](this.#list.id).catch(complain);
  }

  async #set({ id, username }, role) {
    const path = this.#path(username);
    try {
      if (role !== 'remove') {
        await this.#api.put(path, { role, op: uuid7() });
        return;
      }
      if (await ask(`Remove ${username}?`, 'They lose sight of this list at once.', 'Remove')) {
        await this.#api.delete(path);
        return;
      }
    } catch (error) {
      complain(error);
    }
    const row = this.#rows.get(id);
    row?.tell(row.role); // it stays as it was
  }

  async #invite(form) {
    const { username, role } = form.elements;
    const problem = form.querySelector('.problem');
    problem.textContent = '';
    const name = username.value.trim();
    if (!name) {
      problem.textContent = 'Whose user name?';
      username.focus();
      return;
    }
    const button = form.querySelector('[type=submit]');
    button.disabled = true;
    try {
      await this.#api.put(this.#path(name), { role: role.value, op: uuid7() });
      toast(['Shared with ', typed(name)], { lead: avatar(name) });
      form.reset();
    } catch (error) {
      problem.textContent = error.status === 404 ? `Nobody here is called “${name}”.` : explain(error);
    } finally {
      button.disabled = false;
      username.focus();
    }
  }

  #path(username) {
    return `/lists/${this.#list.id}/members/${encodeURIComponent(username)}`;
  }
}

function complain(error) {
  toast([explain(error)], { kind: 'problem' });
}
