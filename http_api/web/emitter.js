/** Tells listeners what happened, in the order in which they were added. */
export class Emitter {
  #listeners = new Map();

  /** Adds a listener; the returned function takes it away again. */
  on(event, listener) {
    if (!this.#listeners.has(event)) this.#listeners.set(event, new Set());
    this.#listeners.get(event).add(listener);
    return () => this.#listeners.get(event).delete(listener);
  }

  emit(event, ...details) {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) listener(...details);
  }
}
