/** Shows the door: log in, or make an account. */

import { explain } from '../api.js';
import { invitation } from '../invitation.js';
import { at } from './dom.js';

const WORDS = {
  login: { submit: 'Log in', password: 'current-password' },
  register: { submit: 'Make my account', password: 'new-password' },
};

/** Lets people in through the session; calls `entered` when somebody is. */
export class Gate {
  #session;
  #entered;
  #way = 'login';
  #form = at('gate-form');
  #problem = at('gate-problem');

  constructor(session, entered) {
    this.#session = session;
    this.#entered = entered;
    const tabs = { login: at('gate-login'), register: at('gate-register') };
    for (const [way, tab] of Object.entries(tabs)) {
      tab.addEventListener('click', () => this.#choose(way));
      tab.addEventListener('keydown', ({ key }) => {
        if (key !== 'ArrowLeft' && key !== 'ArrowRight') return;
        const other = way === 'login' ? 'register' : 'login';
        this.#choose(other);
        tabs[other].focus();
      });
    }
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
    addEventListener('hashchange', () => this.#welcome());
  }

  /** Shows the door, with a word on why, if there is one. */
  show(word = '') {
    at('gate').hidden = false;
    this.#welcome();
    this.#problem.textContent = word;
    this.#form.elements.username.focus();
  }

  hide() {
    at('gate').hidden = true;
    this.#form.reset();
    this.#problem.textContent = '';
  }

  /** Says what a link that somebody sent is about. */
  #welcome() {
    at('gate-invited').hidden = invitation() === null;
  }

  #choose(way) {
    this.#way = way;
    for (const one of ['login', 'register']) {
      const tab = at(`gate-${one}`);
      tab.setAttribute('aria-selected', String(one === way));
      tab.tabIndex = one === way ? 0 : -1;
    }
    at('gate-panel').setAttribute('aria-labelledby', `gate-${way}`);
    this.#form.elements.password.autocomplete = WORDS[way].password;
    this.#form.querySelector('[type=submit]').textContent = WORDS[way].submit;
    at('gate-hint').hidden = way === 'login';
    this.#problem.textContent = '';
  }

  async #submit() {
    const { username, password } = this.#form.elements;
    const missing = [username, password].find((input) => !input.value);
    if (missing) {
      this.#problem.textContent = 'Please fill in a user name and a password.';
      missing.focus();
      return;
    }
    const button = this.#form.querySelector('[type=submit]');
    button.disabled = true;
    this.#problem.textContent = '';
    try {
      await this.#session[this.#way](username.value.trim(), password.value, invitation());
      this.#entered();
    } catch (error) {
      this.#problem.textContent = explain(error);
      password.focus();
      password.select(); // most often it is to be written again
    } finally {
      button.disabled = false;
    }
  }
}
