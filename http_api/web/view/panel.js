/** Shows one thing at a time beside the list (over it on a phone): people, talk, trash, messages. */

import { at, copyOf } from './dom.js';

const narrow = matchMedia('(max-width: 47.99rem)');

export class Panel {
  #open = null; // {name, opener, content}

  constructor() {
    at('panel-close').addEventListener('click', () => this.close());
    document.addEventListener('keydown', ({ key }) => {
      if (key === 'Escape' && !at('ask').open) this.close();
    });
    narrow.addEventListener('change', () => this.#cover());
  }

  get name() {
    return this.#open?.name ?? null;
  }

  /** Tells whether the panel lies over the list; on a laptop it has a place of its own. */
  get covers() {
    return this.#open !== null && getComputedStyle(at('panel')).position === 'fixed';
  }

  /**
   * Makes a button open and close a panel. `content()` returns what to show: an object with
   * `title`, `template`, `mount(body)` and `unmount()`.
   */
  register(name, opener, content) {
    opener.addEventListener('click', () => {
      if (this.name === name) this.close();
      else this.show(name, opener, content());
    });
  }

  show(name, opener, content) {
    this.#unmount();
    this.#open = { name, opener, content };
    opener.setAttribute('aria-expanded', 'true');
    at('panel-title').textContent = content.title;
    const body = at('panel-body');
    body.replaceChildren(copyOf(content.template));
    content.mount(body);
    at('panel').hidden = false;
    at('panel').dataset.name = name;
    at('app').classList.add('with-panel');
    this.#cover();
    at('panel-title').focus();
  }

  close() {
    if (!this.#open) return;
    const { opener } = this.#open;
    const hadFocus = at('panel').contains(document.activeElement);
    this.#unmount();
    at('panel').hidden = true;
    at('panel-body').replaceChildren();
    at('app').classList.remove('with-panel');
    this.#cover();
    if (!hadFocus) return;
    opener.focus();
    if (document.activeElement !== opener) at('board').focus(); // it is on the other screen
  }

  /** On a phone the panel lies over everything: what is behind it is out of reach. */
  #cover() {
    const covered = this.#open !== null && narrow.matches;
    for (const id of ['side', 'board']) at(id).inert = covered;
  }

  #unmount() {
    this.#open?.opener.setAttribute('aria-expanded', 'false');
    this.#open?.content.unmount();
    this.#open = null;
  }
}

/** Shows a count on a button, or nothing for zero. */
export function badge(button, count) {
  const mark = button.querySelector('.badge');
  mark.hidden = count === 0;
  mark.textContent = count > 9 ? '9+' : String(count);
}
