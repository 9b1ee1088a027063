/** The panel of a list's members: share it, change a role, remove somebody, leave, delete. */

import { explain } from '../api.js';
import { uuid7 } from '../ids.js';
import { ask } from './ask.js';
import { avatar } from './avatar.js';
import { at, make, typed } from './dom.js';
import { toast } from './toast.js';

const ROLES = { owner: 'owns', editor: 'edits', viewer: 'views' };

export class PeoplePanel {
  title = 'People';
  template = 'people-panel';
  #list;
  #lists;
  #api;
  #me;
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
    const focused = document.activeElement?.closest('#members li')?.dataset.user;
    at('members').replaceChildren(...members.map((member) => this.#member(member)));
    if (focused) document.querySelector(`#members [data-user="${CSS.escape(focused)}"] select`)?.focus();
    at('list-actions').replaceChildren(...this.#actions());
  }

  #member({ id, username, role }) {
    const here = this.#list.people.some((person) => person.id === id);
    const you = id === this.#me.id ? ' (you)' : '';
    const item = make('li', { class: here ? 'here-now' : '', 'data-user': username },
      avatar(username, { title: here ? `${username} is here` : username }),
      make('span', { class: 'name' }, typed(username), you));
    if (!this.#owner || you) {
      item.append(make('span', { class: 'role' }, ROLES[role]));
      return item;
    }
    const select = make('select', { 'aria-label': `What ${username} may do` },
      ...Object.entries(ROLES).map(([value, word]) => make('option', { value }, word)),
      make('option', { value: 'remove' }, 'Remove…'));
    select.value = role;
    select.addEventListener('change', () => this.#set(username, select.value));
    item.append(select);
    return item;
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

  async #set(username, role) {
    const path = this.#path(username);
    try {
      if (role !== 'remove') await this.#api.put(path, { role, op: uuid7() });
      else if (await ask(`Remove ${username}?`, 'They lose sight of this list at once.', 'Remove')) {
        await this.#api.delete(path);
      }
    } catch (error) {
      complain(error);
    }
    this.#show();
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
