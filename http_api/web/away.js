/** Says calmly that the graph is away, and when to ask it again. Pure. */

import { explain } from './api.js';

const STALE = 'The graph is away or behind for a moment. This is what it knew last.';
const AWAY = 'The graph is away for a moment. Your lists go on as ever, and this fills in by itself.';
const SOONEST_S = 2;
const LATEST_S = 60;
const STALE_S = 15;

/** Returns what to say above an answer: words when it is marked stale, else nothing (''). */
export const sayStale = (...answers) => (answers.some((one) => one.stale) ? STALE : '');

/** Returns what to say when there is no answer. */
export const sayAway = (error) => (error.code === 'graph_unavailable' ? AWAY : explain(error));

/** Returns after how many milliseconds to ask again after a refusal, or null for never. */
export function againAfter(error) {
  if (!error.passing) return null;
  return 1000 * Math.min(LATEST_S, Math.max(SOONEST_S, error.retryAfter ?? STALE_S));
}

/** How long a stale answer is left alone, in milliseconds. */
export const AGAIN_WHEN_STALE_MS = STALE_S * 1000;
