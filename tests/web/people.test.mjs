/** Tests of how people are shown. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { hue, initials, whoIsHere } from '../../http_api/web/people.js';

test('initials are the first letters of the first and the last part of a name', () => {
  assert.equal(initials('ann'), 'A');
  assert.equal(initials('ann.lindqvist'), 'AL');
  assert.equal(initials('jean-luc de_la croix'), 'JC');
  assert.equal(initials('élodie'), 'É');
  assert.equal(initials('👩‍🚀 mara'), '👩‍🚀M', 'a letter is what readers see as one');
  assert.equal(initials('...'), '?');
});

test('a name always has the same colour, and names spread over the circle', () => {
  assert.equal(hue('ann'), hue('ann'));
  const hues = Array.from({ length: 200 }, (_, index) => hue(`user-${index}`));
  assert.ok(hues.every((one) => one >= 0 && one < 360));
  const sixths = new Set(hues.map((one) => Math.floor(one / 60)));
  assert.equal(sixths.size, 6);
});

test('a person with two devices is here once', () => {
  const client = (user, username) => ({ user, connInfo: { username } });
  const clients = new Map([
    ['c1', client('u2', 'bo')],
    ['c2', client('u1', 'ann')],
    ['c3', client('u2', 'bo')],
  ]);
  const here = whoIsHere(clients);
  assert.deepEqual(here.map(({ username, devices }) => [username, devices]), [['ann', 1], ['bo', 2]]);
});
