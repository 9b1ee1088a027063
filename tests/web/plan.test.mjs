/** Tests of how dependencies are laid out. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { BOX, MOST, inSentence, layOut, step } from '../../http_api/web/plan.js';

const node = (id, more = {}) => ({ id, title: id, completed: false, ready: false, ...more });
const waits = (...pairs) => pairs.map(([from, to]) => ({ from, to }));
const at = ({ boxes }, id) => boxes.find((box) => box.id === id);

test('whatever waits stands to the right of all it waits for', () => {
  const nodes = ['d', 'c', 'b', 'a'].map((id) => node(id));
  const edges = waits(['b', 'a'], ['c', 'b'], ['d', 'a'], ['d', 'c']);
  const picture = layOut({ nodes, edges });
  for (const { from, to } of edges) assert.ok(at(picture, from).x > at(picture, to).x, from);
  assert.equal(picture.width, 2 * BOX.edge + 4 * BOX.width + 3 * BOX.gapX);
  assert.equal(picture.lines.length, 4);
  assert.equal(picture.left, 0);
});

test('no two boxes touch, and all lie inside', () => {
  const nodes = Array.from({ length: 40 }, (_, index) => node(`n${index}`));
  const edges = [];
  for (let index = 1; index < 40; index += 1) {
    edges.push(...waits([`n${index}`, `n${Math.floor(index / 3)}`]));
  }
  const { boxes, width, height } = layOut({ nodes, edges: edges.filter((e) => e.from !== e.to) });
  for (const one of boxes) {
    assert.ok(one.x >= 0 && one.x + BOX.width <= width && one.y >= 0 && one.y + BOX.height <= height);
    for (const other of boxes) {
      if (one === other) continue;
      const apart = Math.abs(one.x - other.x) >= BOX.width || Math.abs(one.y - other.y) >= BOX.height;
      assert.ok(apart, `${one.id} and ${other.id}`);
    }
  }
});

test('the critical path is marked along its steps, not beside them', () => {
  const nodes = ['a', 'b', 'c'].map((id) => node(id));
  const edges = waits(['b', 'a'], ['c', 'b'], ['c', 'a']);
  const picture = layOut({ nodes, edges }, ['a', 'b', 'c']);
  assert.ok(picture.boxes.every((box) => box.critical));
  assert.deepEqual(picture.lines.map(({ critical }) => critical), [true, true, false]);
});

test('of very many the ones that matter most are drawn, and the rest is counted', () => {
  const nodes = [
    ...Array.from({ length: MOST }, (_, index) => node(`done${index}`, { completed: true })),
    node('ready', { ready: true }),
    node('path'),
  ];
  const picture = layOut({ nodes, edges: waits(['done0', 'ready'], ['path', 'ready']) }, ['path']);
  assert.equal(picture.boxes.length, MOST);
  assert.equal(picture.left, 2);
  assert.ok(at(picture, 'ready') && at(picture, 'path'));
});

test('nothing at all, and a circle that cannot be, end too', () => {
  assert.deepEqual(layOut({ nodes: [], edges: [] }).boxes, []);
  const picture = layOut({
    nodes: ['a', 'b', 'c'].map((id) => node(id)),
    edges: waits(['a', 'b'], ['b', 'a'], ['c', 'b']),
  });
  assert.equal(picture.boxes.length, 3);
});

/** Says the boxes that a line runs through, other than the two it joins. */
function crossed({ boxes }, { from, to, d }) {
  const level = [...d.matchAll(/ (-?[\d.]+) (-?[\d.]+)H(-?[\d.]+)/g)].map((one) => one.map(Number));
  return boxes.filter(({ id, x, y }) => id !== from && id !== to
    && level.some(([, left, at, right]) =>
      left < x + BOX.width && right > x && at > y && at < y + BOX.height));
}

test('a line that passes columns runs beside their boxes, level with itself', () => {
  const nodes = ['a', 'b', 'c', 'd', 'x', 'y'].map((id) => node(id));
  const edges = waits(['b', 'a'], ['c', 'b'], ['d', 'c'], ['d', 'a'], ['d', 'x'], ['d', 'y']);
  const picture = layOut({ nodes, edges });
  const long = picture.lines.filter(({ to }) => ['a', 'x', 'y'].includes(to)).slice(1);
  assert.equal(long.length, 3);
  for (const line of long) {
    assert.equal(line.d.match(/H/g).length, 2, line.to);
    assert.deepEqual(crossed(picture, line), []);
  }
});

test('very many long lines go straight, and it is drawn all the same', () => {
  const nodes = Array.from({ length: MOST }, (_, index) => node(`n${index}`));
  const edges = [];
  for (let from = 1; from < MOST; from += 1) {
    for (let to = 0; to < from; to += 1) edges.push({ from: `n${from}`, to: `n${to}` });
  }
  const { lines, height } = layOut({ nodes, edges });
  assert.equal(lines.length, edges.length);
  assert.equal(height, 2 * BOX.edge + BOX.height);
});

test('boxes come in topological order, and the arrows walk it and along the lines', () => {
  const nodes = ['d', 'c', 'b', 'a'].map((id) => node(id));
  const { boxes } = layOut({ nodes, edges: waits(['b', 'a'], ['c', 'b'], ['d', 'a'], ['d', 'c']) });
  assert.deepEqual(boxes.map(({ id }) => id), ['a', 'b', 'c', 'd']);
  const walk = (id, ...keys) => keys.reduce((now, key) => step(boxes, now, key) ?? now, id);
  assert.equal(walk('a', 'ArrowDown', 'ArrowDown'), 'c');
  assert.equal(walk('c', 'ArrowUp', 'ArrowUp', 'ArrowUp'), 'a');
  assert.equal(walk('a', 'End'), 'd');
  assert.equal(walk('d', 'Home'), 'a');
  assert.equal(walk('a', 'ArrowRight'), 'b');
  assert.equal(walk('d', 'ArrowLeft', 'ArrowLeft'), 'b');
  assert.equal(step(boxes, 'a', 'ArrowLeft'), null);
  assert.equal(step(boxes, 'd', 'ArrowRight'), null);
  assert.equal(step(boxes, 'a', 'x'), null);
});

test('a box says its title, how it stands, and what it has to do with the others', () => {
  const nodes = [
    node('dig', { completed: true }), node('pour', { ready: true }), node('mix'), node('paint'),
    node('wash'), node('move in'),
  ];
  const picture = layOut({
    nodes,
    edges: waits(['pour', 'dig'], ['paint', 'pour'], ['paint', 'mix'], ['move in', 'paint'],
      ['move in', 'wash'], ['move in', 'mix'], ['move in', 'dig']),
  }, ['pour', 'paint', 'move in']);
  const said = (id) => inSentence(at(picture, id), picture.boxes);
  assert.equal(said('dig'), 'dig, done, 2 wait for it');
  assert.equal(said('pour'), 'pour, ready, waits for dig, 1 waits for it, on the longest chain');
  assert.equal(said('paint'), 'paint, waits for pour and mix, 1 waits for it, on the longest chain');
  assert.match(said('move in'), /^move in, waits for paint, \w+ and 2 more, on the longest chain$/);
});
