/** Tests of what is said while the graph is away, and of when it is asked again. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ApiError } from '../../http_api/web/api.js';
import { againAfter, sayAway, sayStale } from '../../http_api/web/away.js';

test('an answer that is marked stale is said to be one, a fresh one says nothing', () => {
  assert.equal(sayStale({ stale: false }, { stale: false }), '');
  assert.match(sayStale({ stale: false }, { stale: true }), /what it knew last/);
});

test('the graph being away is said calmly, any other refusal in the words of the service', () => {
  const away = new ApiError({ status: 503, code: 'graph_unavailable', detail: 'Bolt is down.' });
  assert.match(sayAway(away), /away for a moment.*lists go on/);
  assert.equal(sayAway(new ApiError({ status: 404, detail: 'No such list.' })), 'No such list.');
});

test('what may pass is asked again when the service says, within bounds; the rest never', () => {
  const after = (status, retryAfter) => againAfter(new ApiError({ status, retryAfter }));
  assert.equal(after(503, 20), 20_000);
  assert.equal(after(503, 0), 2_000);
  assert.equal(after(503, 9_999), 60_000);
  assert.equal(after(0, null), 15_000);
  assert.equal(after(404, null), null);
});
