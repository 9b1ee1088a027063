/** Tests of the lists at the side while an answer about them is under way. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Lists } from '../../http_api/web/lists.js';

/** An API whose answers to GET are given by hand, and that takes every POST and DELETE. */
function api() {
  const asked = [];
  return {
    answer: (...ids) => asked.shift()({ lists: ids.map((id) => ({ id, title: id })) }),
    get: () => new Promise((resolve) => asked.push(resolve)),
    post: async () => ({}),
    delete: async () => null,
  };
}

const ids = (lists) => lists.items.map(({ id }) => id);

async function loaded(service, ...known) {
  const lists = new Lists(service, { id: 'me', username: 'ann' });
  const first = lists.load();
  service.answer(...known);
  await first;
  return lists;
}

test('a list that is made while they are loaded stays', async () => {
  const service = api();
  const lists = await loaded(service, 'one');
  const again = lists.load();
  const made = await lists.create('two');
  service.answer('one', 'from elsewhere');
  await again;
  assert.deepEqual(ids(lists), ['one', 'from elsewhere', made]);
});

test('a list that is left while they are loaded does not come back', async () => {
  const service = api();
  const lists = await loaded(service, 'one', 'two');
  const again = lists.load();
  await lists.leave('two');
  service.answer('one', 'two');
  await again;
  assert.deepEqual(ids(lists), ['one']);
});

test('a list that the service no longer names goes', async () => {
  const service = api();
  const lists = await loaded(service, 'one', 'two');
  const again = lists.load();
  service.answer('two');
  await again;
  assert.deepEqual(ids(lists), ['two']);
});
