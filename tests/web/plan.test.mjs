/** Tests of how dependencies are laid out. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { BOX, MOST, layOut } from '../../http_api/web/plan.js';

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
