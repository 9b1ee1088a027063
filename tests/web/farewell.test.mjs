/** Tests of what the door says after a session has ended. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { inFarewell } from '../../http_api/web/farewell.js';

test('whoever logs out here is told nothing, anybody else why', () => {
  assert.equal(inFarewell('left', 0), '');
  assert.match(inFarewell('over', 0), /session has ended/);
  assert.match(inFarewell('elsewhere', 0), /another tab/);
});

test('changes that are lost are counted', () => {
  assert.match(inFarewell('over', 1), /ended.*1 change could not/);
  assert.equal(inFarewell('left', 2), '2 changes could not be saved.');
});
