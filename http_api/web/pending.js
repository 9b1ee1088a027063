/**
 * Shows a change before the service has confirmed it.
 *
 * Pure. A pending change is `{op, command, at}`; it is laid over the confirmed state as the entry
 * it will probably become, and goes away when the real entry with the same `op` arrives.
 */

import { foldAll, inOrder } from './fold.js';

/** Returns the confirmed state with every pending change laid over it, in order. */
export function overlay(state, pending, me) {
  return pending.reduce((seen, change) => foldAll(seen, predict(seen, change, me)), state);
}

/**
 * Returns the pending changes that are still open. One is settled by its own entry, or by an
 * answer whose offset the state has reached: a change that changed nothing makes no entry.
 */
export function unsettled(pending, state, entries) {
  const seen = new Set(entries.map((entry) => entry.op));
  const reached = (change) => change.answered !== undefined && change.answered <= state.offset;
  return pending.filter((change) => !seen.has(change.op) && !reached(change));
}

/** Returns the entries, without offsets, that a command will become if nobody interferes. */
export function predict(state, { op, command, at }, me) {
  const entry = (type, fields) => [{ type, op, actor: me, at, ...fields }];
  const { todo_id } = command;
  switch (command.type) {
    case 'todo.create':
      return entry('todo.created', { todo: newTodo(state, command, me, at) });
    case 'todo.update':
      return entry('todo.updated', { todo_id, changes: completed(command.changes, me, at) });
    case 'todo.move':
      return entry('todo.moved', { todo_id, position: positionAfter(state, command) });
    case 'todo.delete':
      return entry('todo.deleted', { todo_id });
    case 'todo.restore':
      if (!state.trash.has(todo_id)) return [];
      return entry('todo.restored', { todo_id, position: state.trash.get(todo_id).position });
    case 'todo.add_label':
      return entry('todo.label_added', { todo_id, label: command.label });
    case 'list.update':
      return entry('list.updated', { changes: command.changes });
    default:
      return []; // members and messages wait for the service's own word
  }
}

/**
 * Returns a key between two neighbours' keys (either may be absent). NUL never occurs in a key
 * that the service issues, so `low + NUL + …` is above `low` and below every issued key after it.
 */
export function between(low, high) {
  const rest = high !== undefined && high.startsWith(low) ? high.slice(low.length) : '';
  const nuls = /^\0*/.exec(rest)[0].length;
  return `${low}${'\0'.repeat(nuls + 1)}m`;
}

function positionAfter(state, { todo_id, after }) {
  const others = inOrder(state.todos.values()).filter((todo) => todo.id !== todo_id);
  const index = after === null ? 0 : others.findIndex((todo) => todo.id === after) + 1;
  return between(others[index - 1]?.position ?? '', others[index]?.position);
}

function newTodo(state, command, me, at) {
  const last = inOrder(state.todos.values()).at(-1)?.id ?? null;
  const after = command.after === undefined ? last : command.after;
  return {
    id: command.id,
    list_id: command.list_id,
    title: command.title,
    notes: '',
    completed: false,
    completed_at: null,
    completed_by: null,
    priority: 'none',
    due_at: null,
    estimate_min: null,
    labels: command.labels ?? [],
    assignees: [],
    blocked_by: [],
    position: positionAfter(state, { todo_id: command.id, after }),
    created_by: me,
    created_at: at,
    updated_at: at,
    deleted_at: null,
    offset: state.offset,
  };
}

function completed(changes, me, at) {
  if (changes.completed === undefined) return changes;
  const done = changes.completed;
  return { ...changes, completed_at: done ? at : null, completed_by: done ? me.username : null };
}
