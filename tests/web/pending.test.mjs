/** Tests of pending changes: shown at once, gone when the service has spoken. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fromSnapshot, fold, inOrder } from '../../http_api/web/fold.js';
import { between, overlay, unsettled } from '../../http_api/web/pending.js';

const AT = '2026-05-01T12:00:00.000Z';
const me = { id: 'u-ann', username: 'ann' };

const snapshot = (...titles) =>
  fromSnapshot({
    list: { id: 'l', title: 'L' },
    members: [{ ...me, role: 'owner' }],
    todos: titles.map((title, index) => ({
      id: title,
      title,
      completed: false,
      position: `a${index}`,
      offset: index + 1,
      deleted_at: null,
      labels: [],
      assignees: [],
      blocked_by: [],
    })),
    epoch: 'e',
    offset: 10,
  });

let count = 0;
const change = (type, fields) => ({ op: `op-${(count += 1)}`, at: AT, command: { type, ...fields } });
const shown = (state, ...changes) => overlay(state, changes, me);
const titles = (state) => inOrder(state.todos.values()).map(({ title }) => title);

test('a new todo shows at the end, or where it was asked for', () => {
  const state = snapshot('a', 'b');
  const add = (title, fields) => change('todo.create', { id: title, list_id: 'l', title, ...fields });
  assert.deepEqual(titles(shown(state, add('new'), add('newer'))), ['a', 'b', 'new', 'newer']);
  assert.deepEqual(titles(shown(state, add('first', { after: null }))), ['first', 'a', 'b']);
  assert.deepEqual(titles(shown(state, add('mid', { after: 'a' }))), ['a', 'mid', 'b']);
});

test('a pending change does not move the position', () => {
  const state = snapshot('a');
  const view = shown(state, change('todo.update', { todo_id: 'a', changes: { title: 'x' } }));
  assert.equal(view.offset, 10);
  assert.equal(view.todos.get('a').offset, 1);
  assert.equal(view.todos.get('a').title, 'x');
});

test('ticking says who did it and when, unticking takes that back', () => {
  const tick = change('todo.update', { todo_id: 'a', changes: { completed: true } });
  const done = shown(snapshot('a'), tick).todos.get('a');
  assert.deepEqual([done.completed, done.completed_by, done.completed_at], [true, 'ann', AT]);
  const untick = change('todo.update', { todo_id: 'a', changes: { completed: false } });
  const open = shown(snapshot('a'), tick, untick).todos.get('a');
  assert.deepEqual([open.completed, open.completed_by, open.completed_at], [false, null, null]);
});

test('moves show where they lead, one after the other', () => {
  const state = snapshot('a', 'b', 'c');
  const move = (todo_id, after) => change('todo.move', { todo_id, after });
  assert.deepEqual(titles(shown(state, move('c', null))), ['c', 'a', 'b']);
  assert.deepEqual(titles(shown(state, move('a', 'b'))), ['b', 'a', 'c']);
  assert.deepEqual(titles(shown(state, move('c', null), move('b', 'c'))), ['c', 'b', 'a']);
});

test('deleting and restoring show at once', () => {
  const gone = change('todo.delete', { todo_id: 'a' });
  const back = change('todo.restore', { todo_id: 'a' });
  assert.deepEqual(titles(shown(snapshot('a', 'b'), gone)), ['b']);
  assert.deepEqual(titles(shown(snapshot('a', 'b'), gone, back)), ['a', 'b']);
});

test('a change of a todo that is gone meanwhile shows nothing and breaks nothing', () => {
  const lost = change('todo.update', { todo_id: 'nobody', changes: { title: 'x' } });
  assert.deepEqual(titles(shown(snapshot('a'), lost)), ['a']);
});

test('a change is settled by its own entry', () => {
  const state = snapshot('a');
  const mine = change('todo.update', { todo_id: 'a', changes: { title: 'mine' } });
  const other = change('todo.update', { todo_id: 'a', changes: { title: 'other' } });
  const entry = { type: 'todo.updated', op: mine.op, actor: me, at: AT, offset: 11, todo_id: 'a', changes: { title: 'mine' } };
  const after = fold(state, entry);
  assert.deepEqual(unsettled([mine, other], after, [entry]), [other]);
});

test('a change that changed nothing is settled by the answer to it', () => {
  const noop = { ...change('todo.move', { todo_id: 'a', after: null }), answered: 10 };
  assert.deepEqual(unsettled([noop], snapshot('a'), []), []);
  const ahead = { ...noop, answered: 11 };
  assert.deepEqual(unsettled([ahead], snapshot('a'), []), [ahead], 'its entry is still on the way');
});

test('there is always a key between two keys', () => {
  const keys = ['a', 'b'];
  for (let round = 0; round < 200; round += 1) {
    const place = (round * 7919) % (keys.length + 1);
    const made = between(keys[place - 1] ?? '', keys[place]);
    assert.ok(place === 0 || keys[place - 1] < made);
    assert.ok(place === keys.length || made < keys[place]);
    keys.splice(place, 0, made);
  }
});

test('labels show at once: those a new todo is written with, and one that is put on', () => {
  const state = snapshot('a');
  const fields = { id: 'new', list_id: 'l', title: 'new', labels: ['dairy'] };
  const view = shown(
    state,
    change('todo.create', fields),
    change('todo.add_label', { todo_id: 'a', label: 'food' }),
    change('todo.add_label', { todo_id: 'a', label: 'food' }),
  );
  assert.deepEqual(view.todos.get('new').labels, ['dairy']);
  assert.deepEqual(view.todos.get('a').labels, ['food']);
});
