/** Tests of what is said about a title before it is sent. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { MOST, tooLong } from '../../http_api/web/title.js';

test('a title that fits is not spoken of, however many units its characters take', () => {
  assert.equal(tooLong('x'.repeat(MOST)), '');
  assert.equal(tooLong(`  ${'🦔'.repeat(MOST)}\n`), '');
});

test('one that does not is told by how many characters it has', () => {
  assert.match(tooLong('🦔'.repeat(MOST + 1)), /200 characters; this one has 201/);
});
