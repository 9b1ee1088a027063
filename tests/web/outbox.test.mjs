/** Tests of the outbox: what was written goes out in order, and no trouble loses more than its cause. */

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

globalThis.addEventListener ??= () => {}; // a page's
const { ApiError } = await import('../../http_api/web/api.js');
const { Outbox } = await import('../../http_api/web/outbox.js');

const LONG_MS = 20_000; // longer than any wait

/** Makes an outbox whose service answers as `answer(commands)` says, and keeps what it was asked. */
function make(answer) {
  const asked = [];
  const post = async (path, { commands }) => {
    asked.push(commands.map(({ op }) => op).join(' '));
    return answer(commands);
  };
  const outbox = new Outbox({ post });
  const refused = [];
  outbox.on('refused', (op, error, listId, command) => refused.push([op, error.status, command.op]));
  const write = (...ops) => ops.forEach((op) => outbox.send({ op, command: { op } }, 'l'));
  return { outbox, asked, refused, write };
}

const good = (commands) => ({ results: commands.map(() => ({ status: 200, body: { offset: 1 } })) });
const fail = (status) => {
  throw new ApiError({ status, detail: 'It went wrong.' });
};

/** Lets time pass until the outbox has tried `times` more. */
async function pass(times) {
  for (let turn = 0; turn < times; turn += 1) {
    for (let step = 0; step < 20; step += 1) await Promise.resolve();
    mock.timers.tick(LONG_MS);
    for (let step = 0; step < 20; step += 1) await Promise.resolve();
  }
}

test.beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
test.afterEach(() => mock.timers.reset());

test('one failure of the service loses nothing: the same goes out again, together', async () => {
  let failures = 2;
  const { outbox, asked, refused, write } = make((commands) => {
    failures -= 1;
    return failures >= 0 ? fail(500) : good(commands);
  });
  write('a', 'b', 'c');
  await pass(4);
  assert.deepEqual(asked, ['a', 'a b c', 'a b c']);
  assert.deepEqual([outbox.waiting, refused], [0, []]);
});

test('an answer that is not of the service is none, however often it comes', async () => {
  let strange = 30;
  const { outbox, refused, write } = make((commands) => {
    strange -= 1;
    return strange >= 0 ? [null, {}, { results: [] }, 'Welcome'][strange % 4] : good(commands);
  });
  write('a', 'b');
  await pass(29);
  assert.deepEqual([outbox.waiting, refused], [2, []]);
  await pass(4);
  assert.deepEqual([outbox.waiting, refused], [0, []]);
});

test('a command that breaks the service is given up alone, and the others arrive in order', async () => {
  const { outbox, asked, refused, write } = make((commands) =>
    commands.some(({ op }) => op === 'bad') ? fail(500) : good(commands));
  write('first', 'a', 'bad', 'b', 'c');
  await pass(30);
  assert.equal(outbox.waiting, 0);
  assert.deepEqual(refused, [['bad', 500, 'bad']]);
  const taken = asked.filter((ops) => !ops.includes('bad'));
  assert.deepEqual(taken, ['first', 'a', 'b', 'c']);
  write('d', 'e', 'f');
  await pass(2);
  assert.deepEqual(asked.slice(-2), ['d', 'e f'], 'together again');
});

test('a batch that is refused for one of its commands is not lost', async () => {
  const { outbox, refused, write } = make((commands) =>
    commands.some(({ op }) => op === 'bad') ? fail(422) : good(commands));
  write('first', 'a', 'bad', 'b');
  await pass(6);
  assert.deepEqual([outbox.waiting, refused], [0, [['bad', 422, 'bad']]]);
});

test('a command that fails within a batch is tried again, then given up', async () => {
  let tries = 0;
  const { outbox, refused, write } = make((commands) => ({
    results: commands.map(({ op }) => {
      if (op !== 'bad') return { status: 200, body: { offset: 1 } };
      tries += 1;
      return { status: 500, body: {} };
    }),
  }));
  write('bad', 'a');
  await pass(10);
  assert.deepEqual([outbox.waiting, refused, tries], [0, [['bad', 500, 'bad']], 6]);
});
