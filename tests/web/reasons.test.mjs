/** Tests of how reasons are worded. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { dueInWords, inWords } from '../../http_api/web/reasons.js';

test('a date is as near as people would say', () => {
  const noon = new Date(2026, 4, 6, 12);
  const hours = [-400, -48, -5, -1, 0, 1, 23, 24, 35, 36, 47, 48, 13 * 24, 14 * 24];
  const words = hours.map((one) => dueInWords(one, noon));
  assert.deepEqual(words, [
    'overdue by 2 weeks',
    'overdue by 2 days',
    'overdue by 5 hours',
    'overdue by 1 hour',
    'due now',
    'due in 1 hour',
    'due in 23 hours',
    'due tomorrow',
    'due tomorrow',
    'due in 2 days',
    'due in 2 days',
    'due in 2 days',
    'due in 13 days',
    'due in 2 weeks',
  ]);
});

test('each reason has words, and one of a newer service has none', () => {
  const said = (kind, facts = {}) => inWords({ kind, facts, points: 1 });
  assert.equal(said('priority', { priority: 'high' }), 'high priority');
  assert.equal(said('unblocks', { todos: 1, people: 0 }), 'unblocks 1 todo');
  assert.equal(said('unblocks', { todos: 3, people: 1 }), 'unblocks 3 todos, 1 person waits');
  assert.equal(said('unblocks', { todos: 3, people: 2 }), 'unblocks 3 todos, 2 people wait');
  assert.equal(said('assigned'), 'assigned to you');
  assert.equal(said('age', { days: 9 }), '9 days old');
  assert.equal(said('age', { days: 30 }), '4 weeks old');
  assert.equal(said('moonlight'), null);
});
