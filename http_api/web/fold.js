/**
 * Folds the entries of a list's log into the list's state.
 *
 * Pure: no clock, no randomness, no network, no page. States are values; `foldAll` returns a new
 * one and shares what did not change, so `===` on a todo tells whether it did.
 *
 * An entry without `offset` is a prediction (see pending.js): it changes the state but not the
 * position.
 */

/** Thrown when an entry is not the next one, so that the caller loads the snapshot again. */
export class GapError extends Error {
  constructor(have, got) {
    super(`entry ${got} does not follow ${have}`);
    this.name = 'GapError';
  }
}

/** Returns the state before a list's first entry. */
export function emptyList() {
  return {
    list: { id: null, title: '', description: '' },
    members: new Map(), // user id -> {id, username, role}
    todos: new Map(), // todo id -> todo, the live ones
    trash: new Map(), // todo id -> todo, the deleted ones that are known here
    absent: new Map(), // todo id -> entries about a todo that has to be fetched, see `adopt`
    deleted: false,
    epoch: null,
    offset: 0,
  };
}

/** Returns the state that a snapshot describes. A snapshot leaves the trash out. */
export function fromSnapshot({ list, members, todos, epoch, offset }) {
  return {
    ...emptyList(),
    list: { description: '', ...list },
    members: new Map(members.map((member) => [member.id, member])),
    todos: new Map(todos.map((todo) => [todo.id, todo])),
    epoch,
    offset,
  };
}

/** Returns the state after one more entry. */
export function fold(state, entry) {
  return foldAll(state, [entry]);
}

/**
 * Returns the state after more entries, in order. Entries at or before the state's offset have
 * been seen and are skipped; one that leaves a hole throws GapError.
 */
export function foldAll(state, entries) {
  const next = copy(state);
  for (const entry of entries) {
    if (entry.offset !== undefined) {
      if (entry.offset <= next.offset) continue;
      if (entry.offset !== next.offset + 1) throw new GapError(next.offset, entry.offset);
      next.offset = entry.offset;
    }
    // An unknown type still takes its place in the order: newer servers may send more types.
    STEPS[entry.type]?.(next, entry);
  }
  return next;
}

/**
 * Returns the state with a todo that had to be fetched because it was restored from a trash we
 * never loaded. Entries that came in the meantime and are newer than the todo are folded in.
 */
export function adopt(state, todo) {
  if (!state.absent.has(todo.id)) return state;
  const next = copy(state);
  const waiting = next.absent.get(todo.id).filter((entry) => entry.offset > todo.offset);
  next.absent.delete(todo.id);
  next.trash.delete(todo.id); // a trash that was loaded before it was restored may have it
  (todo.deleted_at ? next.trash : next.todos).set(todo.id, todo);
  for (const entry of waiting) {
    if (entry.type === 'member.removed') {
      take(next, todo.id, (found) => without(found, 'assignees', entry.user.username));
    } else {
      STEPS[entry.type](next, entry);
    }
  }
  return next;
}

/** Returns the state with the fetched trash beside what is known to be live already. */
export function withTrash(state, trashed) {
  const next = copy(state);
  const known = (todo) => next.todos.has(todo.id) || newer(next.trash.get(todo.id), todo);
  for (const todo of trashed) if (!known(todo)) next.trash.set(todo.id, todo);
  return next;
}

/** Returns todos in the order of the list: by position, compared bytewise, then by id. */
export function inOrder(todos) {
  return [...todos].sort((a, b) => compare(a.position, b.position) || compare(a.id, b.id));
}

// Positions and ids are ASCII, so comparing code units is comparing bytes.
const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

const newer = (have, todo) => have !== undefined && have.offset >= todo.offset;

const copy = (state) => ({
  ...state,
  members: new Map(state.members),
  todos: new Map(state.todos),
  trash: new Map(state.trash),
  absent: new Map(state.absent),
});

/** Replaces a known todo, live or deleted, by what `change` makes of it; false if unknown. */
function take(next, id, change) {
  for (const shelf of [next.todos, next.trash]) {
    const found = shelf.get(id);
    if (found) {
      shelf.set(id, change(found));
      return true;
    }
  }
  return false;
}

/** Makes the step of an entry that changes one todo, keeping its `offset` and `updated_at`. */
function aboutTodo(change) {
  return (next, entry) => {
    const known = take(next, entry.todo_id, (todo) => touched(change(todo, entry), entry));
    if (!known) next.absent.get(entry.todo_id)?.push(entry);
  };
}

const touched = (todo, entry) => ({
  ...todo,
  updated_at: entry.at,
  offset: entry.offset ?? todo.offset,
});

const without = (todo, field, value) =>
  todo[field].includes(value)
    ? { ...todo, [field]: todo[field].filter((one) => one !== value) }
    : todo;

const withOne = (todo, field, value) => ({
  ...todo,
  [field]: [...todo[field].filter((one) => one !== value), value],
});

function setMember(next, { user, role }) {
  next.members.set(user.id, { id: user.id, username: user.username, role });
}

function removeMember(next, entry) {
  next.members.delete(entry.user.id);
  for (const shelf of [next.todos, next.trash]) {
    for (const [id, todo] of shelf) shelf.set(id, without(todo, 'assignees', entry.user.username));
  }
  for (const waiting of next.absent.values()) waiting.push(entry);
}

function deleteTodo(next, entry) {
  const todo = next.todos.get(entry.todo_id);
  if (!todo) {
    next.absent.get(entry.todo_id)?.push(entry);
    return;
  }
  next.todos.delete(todo.id);
  next.trash.set(todo.id, touched({ ...todo, deleted_at: entry.at }, entry));
}

function restoreTodo(next, entry) {
  const todo = next.trash.get(entry.todo_id);
  if (todo) {
    next.trash.delete(todo.id);
    const back = { ...todo, deleted_at: null, position: entry.position };
    next.todos.set(todo.id, touched(back, entry));
  } else if (!next.todos.has(entry.todo_id)) {
    next.absent.set(entry.todo_id, [...(next.absent.get(entry.todo_id) ?? []), entry]);
  }
}

const STEPS = {
  'list.created': (next, { list }) => {
    next.list = { description: '', ...list };
  },
  'list.updated': (next, { changes }) => {
    next.list = { ...next.list, ...changes };
  },
  'list.deleted': (next) => {
    next.deleted = true;
  },
  'member.added': setMember,
  'member.role_changed': setMember,
  'member.removed': removeMember,
  'todo.created': (next, entry) => {
    next.todos.set(entry.todo.id, touched(entry.todo, entry));
  },
  'todo.updated': aboutTodo((todo, { changes }) => ({ ...todo, ...changes })),
  'todo.moved': aboutTodo((todo, { position }) => ({ ...todo, position })),
  'todo.deleted': deleteTodo,
  'todo.restored': restoreTodo,
  'todo.purged': (next, { todo_id }) => {
    next.trash.delete(todo_id);
    next.absent.delete(todo_id);
  },
  'todo.label_added': aboutTodo((todo, { label }) => withOne(todo, 'labels', label)),
  'todo.label_removed': aboutTodo((todo, { label }) => without(todo, 'labels', label)),
  'todo.assigned': aboutTodo((todo, { user }) => withOne(todo, 'assignees', user.username)),
  'todo.unassigned': aboutTodo((todo, { user }) => without(todo, 'assignees', user.username)),
  'todo.blocked': aboutTodo((todo, { by }) => withOne(todo, 'blocked_by', by)),
  'todo.unblocked': aboutTodo((todo, { by }) => without(todo, 'blocked_by', by)),
};
