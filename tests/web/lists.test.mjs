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

test('a list that changes while they are loaded keeps what is newer than the answer', async () => {
  const service = api();
  const lists = await loaded(service, 'one', 'two');
  const again = lists.load();
  lists.update('one', { title: 'renamed', open: 3 });
  service.answer('one', 'two');
  await again;
  assert.deepEqual(lists.items.map(({ title }) => title), ['renamed', 'two']);
  assert.equal(lists.find('one').open, 3);
});

test('a change of my role leaves the count of what is open', async () => {
  const service = api();
  const lists = await loaded(service, 'one');
  lists.update('one', { title: 'one', open: 3 });
  lists.take({ type: 'list.joined', list: { id: 'one', title: 'one' }, role: 'viewer' });
  assert.equal(lists.find('one').open, 3);
  assert.equal(lists.find('one').role, 'viewer');
});
