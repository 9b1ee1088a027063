/** What the panels share whose content is an answer of the graph: asked for, and asked for again. */

import { AGAIN_WHEN_STALE_MS, againAfter, sayAway, sayStale } from '../away.js';
import { at } from './dom.js';

const SETTLE_MS = 300;

/**
 * The base of such a panel. It brings `ask(again)`, which resolves to the answers, and
 * `show(...answers)`; `again` is false for the first question. In its template stand `NAME-away`,
 * what to say of a graph that is away, and `NAME-hint`, a word about what is shown.
 */
export class GraphPanel {
  #name;
  #leave = [];
  #timer = null;
  #asked = 0; // questions so far: only the answer to the last one counts
  #answered = false;

  constructor(name) {
    this.#name = name;
  }

  /** Asks for the first time; `leave` are the functions that end what the panel listens to. */
  begin(leave) {
    this.#leave = leave;
    this.hint('One moment…');
    this.#load(false);
  }

  unmount() {
    this.#asked += 1; // an answer under way has nowhere to go
    clearTimeout(this.#timer);
    for (const leave of this.#leave) leave();
  }

  /** Asks again when things have settled: a burst of changes is one question. */
  soon(after = SETTLE_MS) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#load(true), after);
  }

  /** Says what this is, or why there is nothing; '' says nothing. */
  hint(words) {
    this.#say('hint', words);
  }

  async #load(again) {
    const asked = ++this.#asked;
    let answers;
    try {
      answers = await this.ask(again);
    } catch (error) {
      if (asked === this.#asked) this.#refused(error);
      return;
    }
    if (asked !== this.#asked) return;
    this.#answered = true;
    const stale = sayStale(...answers);
    this.#say('away', stale);
    if (stale) this.soon(AGAIN_WHEN_STALE_MS);
    this.show(...answers);
  }

  #refused(error) {
    if (!this.#answered) this.hint('');
    this.#say('away', sayAway(error));
    const after = againAfter(error);
    if (after !== null) this.soon(after);
  }

  #say(kind, words) {
    const place = at(`${this.#name}-${kind}`);
    place.textContent = words;
    place.hidden = !words;
  }
}
