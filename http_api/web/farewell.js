/** Carries a word on why a session ended over the reload that ends it, to this tab's door. */

const KEY = 'lockstep-farewell';

/** Returns what to say at the door after a session that ended so; '' when there is nothing to say. */
export function inFarewell(reason, lost) {
  const words = [];
  if (reason === 'over') words.push('Your session has ended. Please log in again.');
  if (reason === 'elsewhere') words.push('You have logged out in another tab.');
  if (lost) words.push(`${lost === 1 ? '1 change' : `${lost} changes`} could not be saved.`);
  return words.join(' ');
}

/** Keeps the word for the page that is loaded next in this tab. */
export function keepFarewell(reason, lost) {
  sessionStorage.setItem(KEY, inFarewell(reason, lost));
}

/** Returns the word that was kept, once. */
export function farewell() {
  const word = sessionStorage.getItem(KEY) ?? '';
  sessionStorage.removeItem(KEY);
  return word;
}
