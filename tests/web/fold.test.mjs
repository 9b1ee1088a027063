/** Tests of the fold: what a list's entries make of its state. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  GapError,
  adopt,
  emptyList,
  fold,
  foldAll,
  fromSnapshot,
  inOrder,
  withTrash,
} from '../../http_api/web/fold.js';

const AT = '2026-05-01T12:00:00.000Z';
const ann = { id: 'u-ann', username: 'ann' };
const bo = { id: 'u-bo', username: 'bo' };

function todo(id, fields = {}) {
  return {
    id,
    list_id: 'l',
    title: id,
    notes: '',
    completed: false,
    completed_at: null,
    completed_by: null,
    priority: 'none',
    due_at: null,
    estimate_min: null,
    labels: [],
    assignees: [],
    blocked_by: [],
    position: `p-${id}`,
    created_by: ann,
    created_at: AT,
    updated_at: AT,
    deleted_at: null,
    offset: 1,
    ...fields,
  };
}

/** Numbers entries from `first` on, as a log does. */
const numbered = (entries, first = 1) =>
  entries.map((entry, index) => ({ op: `op-${index}`, actor: ann, at: AT, offset: first + index, ...entry }));

const withTodos = (...todos) =>
  fromSnapshot({ list: { id: 'l', title: 'L' }, members: [], todos, epoch: 'e', offset: 10 });

const one = (state, type, fields) => fold(state, numbered([{ type, ...fields }], state.offset + 1)[0]);

test('a list begins with its creation and its owner', () => {
  const state = foldAll(
    emptyList(),
    numbered([
      { type: 'list.created', list: { id: 'l', title: 'Groceries', description: 'weekly' } },
      { type: 'member.added', user: ann, role: 'owner' },
    ]),
  );
  assert.deepEqual(state.list, { id: 'l', title: 'Groceries', description: 'weekly' });
  assert.deepEqual([...state.members.values()], [{ ...ann, role: 'owner' }]);
  assert.equal(state.offset, 2);
});

test('an entry that was seen already changes nothing', () => {
  const state = withTodos(todo('a'));
  const old = numbered([{ type: 'todo.updated', todo_id: 'a', changes: { title: 'old' } }], 10)[0];
  assert.deepEqual(fold(state, old), state);
});

test('an entry that leaves a hole is refused', () => {
  const ahead = numbered([{ type: 'list.deleted' }], 12)[0];
  assert.throws(() => fold(withTodos(), ahead), GapError);
});

test('an unknown type still takes its place in the order', () => {
  assert.equal(one(withTodos(), 'todo.sung', { todo_id: 'a' }).offset, 11);
});

test('folding leaves the state it was given alone', () => {
  const state = withTodos(todo('a'), todo('b'));
  const before = structuredClone(state);
  const after = one(state, 'todo.updated', { todo_id: 'a', changes: { title: 'new' } });
  assert.deepEqual(state, before);
  assert.equal(after.todos.get('b'), state.todos.get('b'), 'what did not change is shared');
});

test('every entry about a todo moves its offset and time', () => {
  const later = '2026-05-02T08:00:00.000Z';
  const cases = {
    'todo.updated': { changes: { title: 'x' } },
    'todo.moved': { position: 'q' },
    'todo.label_added': { label: 'soon' },
    'todo.assigned': { user: bo },
    'todo.blocked': { by: 'b' },
    'todo.deleted': {},
  };
  for (const [type, fields] of Object.entries(cases)) {
    const state = one(withTodos(todo('a')), type, { todo_id: 'a', at: later, ...fields });
    const changed = state.todos.get('a') ?? state.trash.get('a');
    assert.deepEqual([changed.offset, changed.updated_at], [11, later], type);
  }
});

test('sets are changed by add and remove', () => {
  const pairs = [
    ['todo.label_added', 'todo.label_removed', { label: 'soon' }, 'labels', 'soon'],
    ['todo.assigned', 'todo.unassigned', { user: bo }, 'assignees', 'bo'],
    ['todo.blocked', 'todo.unblocked', { by: 'b' }, 'blocked_by', 'b'],
  ];
  for (const [add, remove, fields, field, value] of pairs) {
    const added = one(withTodos(todo('a')), add, { todo_id: 'a', ...fields });
    assert.deepEqual(added.todos.get('a')[field], [value], add);
    const removed = one(added, remove, { todo_id: 'a', ...fields });
    assert.deepEqual(removed.todos.get('a')[field], [], remove);
  }
});

test('deleting moves a todo to the trash, restoring brings it back to a new place', () => {
  const gone = one(withTodos(todo('a')), 'todo.deleted', { todo_id: 'a' });
  assert.equal(gone.todos.size, 0);
  assert.equal(gone.trash.get('a').deleted_at, AT);
  const back = one(gone, 'todo.restored', { todo_id: 'a', position: 'z' });
  assert.equal(back.trash.size, 0);
  assert.deepEqual([back.todos.get('a').deleted_at, back.todos.get('a').position], [null, 'z']);
  assert.equal(one(gone, 'todo.purged', { todo_id: 'a' }).trash.size, 0);
});

test('who leaves is taken off every todo, whose offsets stay', () => {
  const before = fromSnapshot({
    list: { id: 'l', title: 'L' },
    members: [{ ...bo, role: 'editor' }],
    todos: [todo('a', { assignees: ['ann', 'bo'] }), todo('b', { assignees: ['ann'] })],
    epoch: 'e',
    offset: 10,
  });
  const state = one(before, 'member.removed', { user: bo });
  assert.equal(state.members.size, 0);
  assert.deepEqual(state.todos.get('a').assignees, ['ann']);
  assert.equal(state.todos.get('a').offset, 1);
  assert.equal(state.todos.get('b'), before.todos.get('b'));
});

test('a todo restored from a trash never loaded waits until it is fetched', () => {
  let state = one(withTodos(), 'todo.restored', { todo_id: 'a', position: 'p' });
  assert.deepEqual([...state.absent.keys()], ['a']);
  state = one(state, 'todo.updated', { todo_id: 'a', changes: { title: 'newest' } });
  const fetched = todo('a', { title: 'as restored', offset: 11 });
  state = adopt(state, fetched);
  assert.equal(state.todos.get('a').title, 'newest');
  assert.equal(state.absent.size, 0);
});

test('entries that a fetched todo already has are not folded twice', () => {
  let state = one(withTodos(), 'todo.restored', { todo_id: 'a', position: 'p' });
  state = one(state, 'todo.assigned', { todo_id: 'a', user: bo });
  state = one(state, 'todo.deleted', { todo_id: 'a' });
  state = adopt(state, todo('a', { assignees: ['bo'], offset: 12 }));
  assert.equal(state.todos.size, 0);
  assert.deepEqual(state.trash.get('a').assignees, ['bo']);
});

test('who left while a todo was fetched is off it too', () => {
  let state = one(withTodos(), 'todo.restored', { todo_id: 'a', position: 'p' });
  state = one(state, 'member.removed', { user: bo });
  state = adopt(state, todo('a', { assignees: ['bo'], offset: 11 }));
  assert.deepEqual(state.todos.get('a').assignees, []);
});

test('a fetched todo that nobody waits for is ignored', () => {
  const state = withTodos(todo('a', { title: 'newer', offset: 9 }));
  assert.equal(adopt(state, todo('a', { title: 'older', offset: 5 })), state);
});

test('a fetched todo that is live is not in a trash that was fetched meanwhile', () => {
  let state = one(withTodos(), 'todo.restored', { todo_id: 'a', position: 'p' });
  state = withTrash(state, [todo('a', { deleted_at: AT, offset: 9 })]);
  state = adopt(state, todo('a', { offset: 11 }));
  assert.deepEqual([[...state.todos.keys()], [...state.trash.keys()]], [['a'], []]);
});

test('the fetched trash never hides what is live', () => {
  const state = withTodos(todo('a', { offset: 9 }));
  const trashed = [todo('a', { deleted_at: AT }), todo('b', { deleted_at: AT })];
  assert.deepEqual([...withTrash(state, trashed).trash.keys()], ['b']);
});

test('the order is by position, then by id', () => {
  const todos = [todo('c', { position: 'b' }), todo('b', { position: 'a' }), todo('a', { position: 'b' })];
  assert.deepEqual(inOrder(todos).map(({ id }) => id), ['b', 'a', 'c']);
  const letters = [todo('x', { position: 'a' }), todo('y', { position: 'Z' })];
  assert.deepEqual(inOrder(letters).map(({ id }) => id), ['y', 'x'], 'bytewise, not by locale');
});
