/** Shows one todo: tick it, rename it in place, delete it; the board decides what that means. */

import { avatar, tint } from './avatar.js';
import { at, drawIcons, make, typed, when } from './dom.js';
import { edit } from './editor.js';
import { LabelOffer } from './labels.js';

const FLASH_MS = 1_600;

/**
 * One row. `acts` are the board's answers to what the reader does here:
 * `tick(todo, byKey)`, `rename(todo, title, base)`, `remove(todo)`, `typing(todo)`, `offset()`,
 * `label(todo, label)`, `suggest(title)`, `closed(row)` when the title is no longer being edited.
 */
export class Row {
  todo = null;
  editing = false;
  #acts;
  #typist = null;
  #offer = null; // labels, while the title is open
  #editor = null;

  constructor(acts) {
    this.#acts = acts;
    this.element = at('row').content.firstElementChild.cloneNode(true);
    drawIcons(this.element);
    this.tick = this.element.querySelector('.tick');
    this.title = this.element.querySelector('.title');
    this.remove = this.element.querySelector('.remove');
    this.tick.addEventListener('click', (event) => acts.tick(this.todo, event.detail === 0));
    this.title.addEventListener('click', () => this.edit());
    // Keeps the focus where it is, so that the title's editor, if open, is closed by us.
    this.remove.addEventListener('pointerdown', (event) => event.preventDefault());
    this.remove.addEventListener('click', () => {
      this.#editor?.close(false);
      acts.remove(this.todo);
    });
  }

  /** Shows a newer state of the todo; the same state again costs nothing. */
  show(todo) {
    if (todo === this.todo) return;
    const { title: before } = this.todo ?? {};
    this.todo = todo;
    this.element.dataset.id = todo.id;
    this.element.classList.toggle('completed', todo.completed);
    this.tick.setAttribute('aria-checked', String(todo.completed));
    if (before !== todo.title) {
      this.title.textContent = todo.title;
      this.tick.setAttribute('aria-label', todo.title);
      this.title.setAttribute('aria-label', `Rename: ${todo.title}`);
      this.remove.setAttribute('aria-label', `Delete: ${todo.title}`);
      this.element.querySelector('.grip').setAttribute('aria-label', `Move: ${todo.title}`);
    }
    this.#showFacts(todo);
    this.#showBy();
    this.#offer?.update(todo);
  }

  /** Makes this row's buttons reachable with Tab, or not: one row of the list is, at a time. */
  reachable(yes) {
    for (const button of [this.tick, this.title, this.remove]) button.tabIndex = yes ? 0 : -1;
  }

  /** Forbids changes to someone who may only read. */
  lock(locked) {
    if (this.tick.disabled === locked) return; // a thousand rows are asked at each change
    this.tick.setAttribute('aria-disabled', String(locked));
    this.tick.disabled = locked;
    this.title.disabled = locked;
  }

  /** Lights up for a moment in a person's colour: they have just changed this. */
  flash(name) {
    tint(this.element, name);
    this.element.classList.remove('flash');
    void this.element.offsetWidth; // starts the animation again
    this.element.classList.add('flash');
    setTimeout(() => this.element.classList.remove('flash'), FLASH_MS);
  }

  /** Shows who is renaming this todo right now, or nobody (null). */
  typingBy(name) {
    if (name === this.#typist) return;
    this.#typist = name;
    this.#showBy();
  }

  /** Opens the title for editing. */
  edit() {
    if (this.editing || this.title.disabled) return;
    const base = this.#acts.offset();
    this.editing = true;
    const offer = this.todo.completed ? null : this.#offerLabels();
    this.#editor = edit(this.title, this.todo.title, 'Title', {
      kept: (title) => this.#acts.rename(this.todo, title, base),
      typing: (title) => {
        this.#acts.typing(this.todo);
        offer?.typed(title);
      },
      beside: offer?.element,
      closed: () => {
        this.editing = false;
        offer?.close();
        this.#offer = null;
        // Back to where Space ticks and the arrows walk.
        if (document.activeElement === this.title) this.tick.focus();
        this.#acts.closed(this);
      },
    });
  }

  /** Ends an open editor since the list is left: what is written is kept. */
  leave() {
    if (this.editing) this.#editor.leave();
  }

  /** Ends an open editor since the todo is gone: what is written is said in a notice. */
  lose(why) {
    if (this.editing) this.#editor.lose(why);
  }

  #offerLabels() {
    this.#offer = new LabelOffer(this.todo, this.#acts.suggest, (label) => {
      // Before the button goes: its going must not look like leaving.
      if (this.#offer.element.contains(document.activeElement)) {
        this.element.querySelector('.title-editor').focus();
      }
      this.#acts.label(this.todo, label);
    });
    return this.#offer;
  }

  #showFacts(todo) {
    const facts = this.element.querySelector('.facts');
    const items = [];
    if (todo.priority === 'high' || todo.priority === 'medium') {
      items.push(make('li', { class: `fact ${todo.priority}` }, `${todo.priority} priority`));
    }
    if (todo.due_at) {
      const over = !todo.completed && Date.parse(todo.due_at) < Date.now();
      const words = `${over ? 'overdue since' : 'due'} ${when(todo.due_at)}`;
      items.push(make('li', { class: over ? 'fact high' : 'fact' }, words));
    }
    for (const label of todo.labels ?? []) items.push(make('li', { class: 'fact' }, typed(label)));
    for (const name of todo.assignees ?? []) {
      items.push(make('li', { class: 'fact' }, '@', typed(name)));
    }
    facts.replaceChildren(...items);
    facts.hidden = items.length === 0;
  }

  #showBy() {
    const place = this.element.querySelector('.by');
    const { completed, completed_by: done } = this.todo ?? {};
    if (this.#typist) {
      place.replaceChildren(make('span', { class: 'dots' }), avatar(this.#typist, {
        title: `${this.#typist} is renaming this`,
      }));
    } else if (completed && done) {
      place.replaceChildren(avatar(done, { title: `Done by ${done}` }));
    } else {
      place.replaceChildren();
    }
  }
}
