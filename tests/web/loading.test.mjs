/** Tests of what is loaded for as long as it takes. */

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import { Loading } from '../../http_api/web/loading.js';

mock.timers.enable({ apis: ['setTimeout'] });

const passing = Object.assign(new Error('busy'), { passing: true });

/** Lets what is waiting for promises run. */
async function settle() {
  for (let i = 0; i < 10; i += 1) await Promise.resolve();
}

function loading(...errors) {
  const heard = [];
  const one = new Loading(async () => {
    one.attempts += 1;
    const error = errors.shift();
    if (error) throw error;
  }, (error) => heard.push(error?.message ?? 'done'));
  one.attempts = 0;
  one.heard = heard;
  return one;
}

test('what fails in passing is tried again with growing pauses until it is there', async () => {
  const one = loading(passing, passing);
  assert.equal(one.words('empty'), 'One moment…');
  await one.now();
  assert.equal(one.state, 'failed');
  assert.equal(one.words('empty'), 'This could not be loaded yet.');
  mock.timers.tick(1_000);
  await settle();
  assert.equal(one.attempts, 2);
  mock.timers.tick(999);
  await settle();
  assert.equal(one.attempts, 2);
  mock.timers.tick(1_001);
  await settle();
  assert.equal(one.words('empty'), 'empty');
  mock.timers.tick(60_000);
  await settle();
  assert.deepEqual(one.heard, ['busy', 'busy', 'done']);
});

test('the service says itself when to come back', async () => {
  const one = loading(Object.assign(new Error('busy'), { passing: true, retryAfter: 30 }));
  await one.now();
  mock.timers.tick(29_999);
  await settle();
  assert.equal(one.attempts, 1);
  mock.timers.tick(1);
  await settle();
  assert.equal(one.state, 'loaded');
});

test('a refusal is not tried again', async () => {
  const one = loading(new Error('not yours'));
  await one.now();
  mock.timers.tick(60_000);
  await settle();
  assert.equal(one.attempts, 1);
  assert.equal(one.state, 'failed');
});

test('what is stopped tries no more and tells of nothing', async () => {
  const one = loading(passing);
  await one.now();
  one.stop();
  mock.timers.tick(60_000);
  await settle();
  assert.equal(one.attempts, 1);
  const other = loading();
  const attempt = other.now();
  other.stop();
  await attempt;
  assert.deepEqual(other.heard, []);
});
