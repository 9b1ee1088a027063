/**
 * Folds what it reads from standard input, `{changes, snapshot?, todos?}`, with the page's fold,
 * and prints the state as JSON: from the empty list, or from a snapshot, adopting from `todos`
 * what had to be fetched.
 */

import { adopt, emptyList, foldAll, fromSnapshot, inOrder } from '../../http_api/web/fold.js';

let input = '';
for await (const chunk of process.stdin) input += chunk;
const { changes, snapshot, todos = [] } = JSON.parse(input);

let state = foldAll(snapshot ? fromSnapshot(snapshot) : emptyList(), changes);
for (const todo of todos) state = adopt(state, todo);

const { list, members, offset, deleted } = state;
console.log(JSON.stringify({
  list,
  members: [...members.values()],
  todos: inOrder(state.todos.values()),
  trash: inOrder(state.trash.values()),
  offset,
  deleted,
}));
