/** Loads something for as long as it takes: what fails in passing is tried again by itself. */

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15_000;

export class Loading {
  /** `loading` before the first attempt is over, then `loaded` for ever, or until then `failed`. */
  state = 'loading';
  #work;
  #over;
  #attempts = 0; // a failure counts only when it is the last one's
  #timer = null;
  #waitMs = FIRST_WAIT_MS;
  #stopped = false;

  /** `work()` resolves when it is done; `over(error)` hears of each attempt, null: it went well. */
  constructor(work, over) {
    this.#work = work;
    this.#over = over;
  }

  /** Says what stands where there is nothing to show, given what an empty answer means. */
  words(empty) {
    if (this.state === 'loaded') return empty;
    return this.state === 'failed' ? 'This could not be loaded yet.' : 'One moment…';
  }

  /** Loads at once, also when it was loaded before; resolves when this attempt is over. */
  async now() {
    clearTimeout(this.#timer);
    this.#attempts += 1;
    const attempt = this.#attempts;
    try {
      await this.#work();
    } catch (error) {
      if (attempt === this.#attempts && !this.#stopped) this.#retry(error);
      return;
    }
    if (this.#stopped) return;
    this.state = 'loaded';
    this.#waitMs = FIRST_WAIT_MS;
    this.#over(null);
  }

  /** Tries no more; what is under way counts for nothing any more. */
  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #retry(error) {
    if (this.state === 'loading') this.state = 'failed';
    if (error.passing) {
      const wait = error.retryAfter ? 1000 * error.retryAfter : this.#waitMs * (0.5 + Math.random() / 2);
      this.#waitMs = Math.min(2 * this.#waitMs, LONGEST_WAIT_MS);
      this.#timer = setTimeout(() => this.now(), wait);
    }
    this.#over(error);
  }
}
