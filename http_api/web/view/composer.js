/** The field under the list that adds todos, and what goes with what is written there. */

import { Hints, companionsFor, labelsFor, suggestions } from '../hints.js';
import { uuid7 } from '../ids.js';
import { tooLong } from '../title.js';
import { chips, keepFocus } from './chips.js';
import { at, typed } from './dom.js';
import { toast } from './toast.js';

export class Composer {
  #api;
  #list = null;
  #typing = null;
  #hints = null;
  #leave = () => {};
  #answer = null;
  #about = null; // the todo that was just added: the answer is about it, not about what is written
  #title = ''; // what the answer is about
  #chosen = []; // labels for what is being written
  #shown = ''; // what is on show, spelled as JSON
  #input = at('add-title');
  #button = at('add').querySelector('button[type=submit]');

  constructor(api) {
    this.#api = api;
    this.#input.addEventListener('input', () => this.#typed());
    at('add').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
    at('add').addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || at('add-hints').hidden) return;
      event.stopPropagation(); // the panel stays
      this.#forget();
      this.#input.focus();
    });
    keepFocus(at('add-hints'));
  }

  /** Follows another list (null: none); what is written stays. */
  follow(list, typing) {
    this.#leave();
    this.#hints?.stop();
    this.#forget();
    this.#list = list;
    this.#typing = typing;
    this.#hints = null;
    this.#leave = () => {};
    at('add').hidden = true;
    if (!list) return;
    this.#hints = new Hints(
      (title) => suggestions(this.#api, list.id, title),
      (answer, title) => this.#take(answer, title),
    );
    this.#leave = list.on('change', () => this.#show());
  }

  /** Opens the field to whoever may write. */
  allow(yes) {
    if (!yes && !at('add').hidden) this.#forget();
    at('add').hidden = !yes;
  }

  focus() {
    this.#input.focus();
  }

  /** Gives back what could not be added, unless something new is being written; tells whether. */
  giveBack({ title, labels = [] }) {
    if (this.#input.value) return false;
    this.#input.value = title;
    this.#about = null;
    this.#chosen = labels;
    this.#button.hidden = false;
    this.#clear();
    return true;
  }

  #typed() {
    const title = this.#input.value;
    this.#button.hidden = !title.trim();
    if (!title) {
      this.#forget();
      return;
    }
    this.#typing?.say();
    if (this.#about) this.#forget();
    this.#hints?.typed(title);
  }

  #submit() {
    const title = this.#input.value.trim();
    if (!title) return;
    if (tooLong(title)) {
      toast([tooLong(title)], { kind: 'problem' });
      return;
    }
    const id = this.#add(title, this.#chosen);
    this.#chosen = [];
    this.#about = id;
    this.#input.value = '';
    this.#button.hidden = true;
    if (this.#title === title) this.#show();
    else this.#clear();
    this.#hints.typed(title); // not at once: several may be added in a row
    at('open').lastElementChild?.scrollIntoView({ block: 'nearest' });
  }

  #add(title, labels = []) {
    const id = uuid7();
    const fields = { id, list_id: this.#list.id, title };
    this.#list.change('todo.create', labels.length ? { ...fields, labels } : fields);
    return id;
  }

  #take(answer, title) {
    this.#answer = answer;
    this.#title = answer ? title : '';
    this.#show();
  }

  /** Forgets the answer and the labels chosen from it. */
  #forget() {
    this.#about = null;
    this.#chosen = [];
    this.#hints?.typed('');
    this.#clear();
  }

  #clear() {
    this.#answer = null;
    this.#title = '';
    this.#show();
  }

  #show() {
    const fits = this.#fitting();
    const key = JSON.stringify(fits);
    if (key === this.#shown) return; // a row replaced under the pointer would lose its click
    this.#shown = key;
    const place = at('add-hints');
    const focused = place.contains(document.activeElement);
    const name = document.activeElement?.dataset.name;
    place.replaceChildren(...this.#rows(fits));
    place.hidden = !place.children.length;
    if (!focused) return;
    const again = [...place.querySelectorAll('.chip')].find((one) => one.dataset.name === name);
    (again ?? this.#input).focus();
  }

  /** Says what there is to show now. */
  #fitting() {
    const answer = this.#answer ?? {};
    const open = this.#list?.todos.filter((todo) => !todo.completed) ?? [];
    const together = companionsFor(answer, this.#title, open.map(({ title }) => title));
    if (this.#about) {
      const todo = this.#list.view?.todos.get(this.#about);
      return { labels: todo ? labelsFor(answer, todo.labels) : [], added: this.#title, together };
    }
    const labels = labelsFor(answer);
    // What is chosen stays on show, whatever is written now.
    const others = this.#chosen.filter((one) => !labels.includes(one));
    return { labels: [...labels, ...others], chosen: this.#chosen, together };
  }

  #rows({ labels, added = null, chosen = null, together }) {
    const rows = [];
    if (labels.length) {
      rows.push(chips(added ? ['Label ', typed(added), ':'] : ['Label:'], labels, {
        kind: 'labels',
        chosen,
        label: (label) => `Label it ${label}`,
        picked: (label) => this.#label(label),
      }));
    }
    if (together.length) {
      rows.push(chips(['Often added together:'], together, {
        kind: 'together',
        label: (title) => `Add ${title}`,
        picked: (title) => this.#add(title),
      }));
    }
    return rows;
  }

  #label(label) {
    if (this.#about) {
      this.#list.change('todo.add_label', { todo_id: this.#about, label });
      return;
    }
    const taken = this.#chosen.includes(label);
    this.#chosen = taken ? this.#chosen.filter((one) => one !== label) : [...this.#chosen, label];
    this.#show();
  }
}
