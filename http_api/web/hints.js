/**
 * Asks what goes with a title once the typing has settled, and chooses what to show of the answer.
 *
 * Suggestions are a courtesy: one question at a time, the latest title counts, and whatever fails
 * is silence. The timer is handed in, so that tests need not wait.
 */

export const SETTLE_MS = 400;
export const QUIET_S = 10; // after a failure, or for longer when the service says so
const MOST = 3;
const SHORTEST = 2; // terms have two letters or more
const LONGEST = 200; // code points, as the service counts

/** The page's own timer: runs `run` after `ms`, and returns what takes that back. */
function afterwards(run, ms) {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
}

/** Asks the service what goes with a title in a list. */
export const suggestions = (api, listId, title) =>
  api.get(`/lists/${listId}/suggestions?title=${encodeURIComponent(title)}`);

/** Spells a title so that titles that people take for the same are equal. */
export const sameTitle = (title) =>
  title.normalize('NFKC').toLowerCase().split(/\s+/u).filter(Boolean).join(' ');

/** Returns up to three labels that the todo does not have yet. */
export function labelsFor({ labels = [] }, present = []) {
  return labels.map(({ label }) => label).filter((one) => !present.includes(one)).slice(0, MOST);
}

/** Returns up to three titles that are neither what is being written nor open in the list. */
export function companionsFor({ together = [] }, title, open = []) {
  const taken = new Set([title, ...open].map(sameTitle));
  return together.map((one) => one.title).filter((one) => !taken.has(sameTitle(one))).slice(0, MOST);
}

export class Hints {
  #ask;
  #show;
  #later;
  #title = ''; // empty while there is nothing to ask about
  #due = false; // the typing has settled
  #asking = false;
  #answered = null; // the title whose answer was shown last
  #quiet = false;
  #unplan = () => {};
  #unquiet = () => {};
  #stopped = false;

  /**
   * `ask(title)` resolves to the service's answer or rejects, maybe with `retryAfter` in seconds;
   * `show(answer, title)` is called with each answer that still counts, and with null when what is
   * shown counts no more.
   */
  constructor(ask, show, later = afterwards) {
    this.#ask = ask;
    this.#show = show;
    this.#later = later;
  }

  /** Takes the title as it is being typed; costs a timer, whatever the service does. */
  typed(title) {
    this.#take(title);
    if (this.#title && this.#title !== this.#answered) {
      this.#unplan = this.#later(() => this.#settle(), SETTLE_MS);
    }
  }

  /** Takes a title that is not being typed any more: asks at once. */
  settled(title) {
    this.#take(title);
    this.#settle();
  }

  /** Forgets everything; an answer under way is not shown. */
  stop() {
    this.#take('');
    this.#stopped = true;
    this.#unquiet();
  }

  #take(title) {
    const words = title.trim();
    const { length } = [...words];
    this.#unplan();
    this.#unplan = () => {};
    this.#due = false;
    this.#title = length < SHORTEST || length > LONGEST ? '' : words;
    if (this.#title || this.#answered === null) return;
    this.#answered = null;
    this.#show(null, '');
  }

  #settle() {
    this.#due = true;
    this.#go();
  }

  async #go() {
    const title = this.#title;
    if (this.#asking || this.#quiet || this.#stopped || !title || title === this.#answered) return;
    this.#asking = true;
    let answer = null;
    try {
      answer = await this.#ask(title);
    } catch (error) {
      this.#rest(Math.max(QUIET_S, error?.retryAfter ?? 0));
    }
    this.#asking = false;
    if (this.#stopped) return;
    if (title !== this.#title) {
      if (this.#due) this.#go(); // what was typed meanwhile
      return;
    }
    this.#answered = answer ? title : null;
    this.#show(answer, title);
  }

  #rest(seconds) {
    if (this.#stopped) return;
    this.#quiet = true;
    this.#unquiet = this.#later(() => {
      this.#quiet = false;
    }, seconds * 1000);
  }
}
