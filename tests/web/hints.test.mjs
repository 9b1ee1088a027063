/** Tests of suggestions: asked for when typing has settled, one at a time, silent when they fail. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  Hints, QUIET_S, SETTLE_MS, companionsFor, labelsFor, sameTitle,
} from '../../http_api/web/hints.js';

/** A clock that only moves when it is told to. */
function clock() {
  let now = 0;
  let plans = [];
  return {
    later(run, ms) {
      const plan = { run, at: now + ms };
      plans.push(plan);
      return () => {
        plans = plans.filter((one) => one !== plan);
      };
    },
    pass(ms) {
      now += ms;
      const due = plans.filter(({ at }) => at <= now);
      plans = plans.filter(({ at }) => at > now);
      for (const { run } of due) run();
    },
  };
}

/** Hints on such a clock; `answer(index, …)` settles a question, `asked` and `shown` tell. */
function suggesting() {
  const { later, pass } = clock();
  const asked = [];
  const shown = [];
  const open = [];
  const ask = (title) => new Promise((resolve, reject) => {
    asked.push(title);
    open.push({ resolve, reject });
  });
  const hints = new Hints(ask, (answer, title) => shown.push([answer, title]), later);
  const settled = () => new Promise((done) => { setImmediate(done); });
  const answer = async (index, value = `about ${asked[index]}`) => {
    if (value instanceof Error) open[index].reject(value);
    else open[index].resolve(value);
    await settled();
  };
  return { hints, asked, shown, pass, answer };
}

test('nothing is asked while somebody types, and one question when it has settled', () => {
  const { hints, asked, pass } = suggesting();
  for (const title of ['mi', 'mil', 'milk']) {
    hints.typed(title);
    pass(SETTLE_MS - 1);
  }
  assert.deepEqual(asked, []);
  pass(1);
  assert.deepEqual(asked, ['milk']);
  pass(10 * SETTLE_MS);
  assert.deepEqual(asked, ['milk']);
});

test('one question at a time is under way, and only the answer to the latest title shows', async () => {
  const { hints, asked, shown, pass, answer } = suggesting();
  hints.settled('milk');
  hints.typed('bread');
  pass(SETTLE_MS);
  hints.typed('butter');
  pass(SETTLE_MS);
  assert.deepEqual(asked, ['milk']);
  await answer(0);
  assert.deepEqual([asked, shown], [['milk', 'butter'], []]);
  await answer(1);
  assert.deepEqual(shown, [['about butter', 'butter']]);
});

test('an answer that comes amid further typing asks nothing before that has settled', async () => {
  const { hints, asked, shown, pass, answer } = suggesting();
  hints.settled('milk');
  hints.typed('milk and');
  await answer(0);
  assert.deepEqual([asked, shown], [['milk'], []]);
  pass(SETTLE_MS);
  assert.deepEqual(asked, ['milk', 'milk and']);
});

test('the same title is not asked about twice', async () => {
  const { hints, asked, pass, answer } = suggesting();
  hints.typed('milk');
  pass(SETTLE_MS);
  await answer(0);
  hints.typed('milk ');
  pass(SETTLE_MS);
  hints.settled('milk');
  assert.deepEqual(asked, ['milk']);
});

test('a title that is emptied, too short or too long takes back what is on show', async () => {
  for (const nothing of ['', ' ', 'm', 'x'.repeat(201)]) {
    const { hints, asked, shown, pass, answer } = suggesting();
    hints.settled('milk');
    await answer(0);
    hints.typed(nothing);
    pass(SETTLE_MS);
    assert.deepEqual([asked, shown], [['milk'], [['about milk', 'milk'], [null, '']]]);
  }
});

test('a failure is silence, for a while: as long as the service asks for', async () => {
  const away = Object.assign(new Error('503'), { retryAfter: 3 * QUIET_S });
  for (const [error, seconds] of [[new Error('lost'), QUIET_S], [away, 3 * QUIET_S]]) {
    const { hints, asked, shown, pass, answer } = suggesting();
    hints.settled('milk');
    await answer(0, error);
    assert.deepEqual(shown, [[null, 'milk']]);
    pass(seconds * 1000 - 1);
    hints.settled('bread');
    assert.deepEqual(asked, ['milk']);
    pass(1);
    hints.settled('butter');
    assert.deepEqual(asked, ['milk', 'butter']);
  }
});

test('whoever has stopped neither asks nor shows', async () => {
  const { hints, asked, shown, pass, answer } = suggesting();
  hints.settled('milk');
  hints.typed('bread');
  hints.stop();
  pass(SETTLE_MS);
  await answer(0);
  hints.settled('butter');
  assert.deepEqual([asked, shown], [['milk'], []]);
});

test('three labels at most are offered, none that the todo has', () => {
  const labels = ['a', 'b', 'c', 'd', 'e'].map((label) => ({ label, count: 1 }));
  assert.deepEqual(labelsFor({ labels }), ['a', 'b', 'c']);
  assert.deepEqual(labelsFor({ labels }, ['a', 'd']), ['b', 'c', 'e']);
  assert.deepEqual(labelsFor({}), []);
});

test('three companions at most are offered, neither the title itself nor what is open', () => {
  const together = ['Milk', 'Bread', 'Butter', 'Eggs', 'Tea'].map((title) => ({ title, count: 2 }));
  const offered = companionsFor({ together }, 'milk', ['  BREAD ', 'jam']);
  assert.deepEqual(offered, ['Butter', 'Eggs', 'Tea']);
  assert.deepEqual(companionsFor({}, 'milk'), []);
  assert.equal(sameTitle(' Oat  ＭILK '), 'oat milk');
});
