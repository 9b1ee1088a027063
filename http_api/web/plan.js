/** Lays a list's dependencies out in columns: what must be done first stands furthest left. */

import { laneKey, lanesOf, place } from './lanes.js';

export const BOX = { width: 168, height: 44, gapX: 40, gapY: 14, edge: 12 };
export const MOST = 150;

/**
 * Returns `{boxes, lines, width, height, left}` in pixels. `graph` is `{nodes, edges}` of the
 * service (an edge's `from` waits for its `to`); `path` the ids of the critical path, in order.
 * A box is its node with `x`, `y`, `critical`, and the ids it waits for (`before`) and that wait
 * for it (`after`), the nearest first; a line has the `d` of an SVG path and `critical`. Boxes
 * come in topological order: column by column, each from the top.
 * Of more than MOST nodes those on the path, then ready ones, then open ones are shown; `left`
 * counts the others.
 */
export function layOut({ nodes, edges }, path = []) {
  const steps = new Map(path.map((id, index) => [id, index]));
  const shown = choose(nodes, steps);
  const inside = edges.filter(({ from, to }) => shown.has(from) && shown.has(to));
  const before = new Map([...shown.keys()].map((id) => [id, []]));
  for (const { from, to } of inside) before.get(from).push(to);
  const columns = inColumns(shown, before);
  const column = new Map(columns.flatMap((ids, index) => ids.map((id) => [id, index])));
  const lanes = lanesOf(columns, before, column);
  const { tops, height } = place(columns, before, column, lanes, BOX);
  const x = (index) => BOX.edge + index * (BOX.width + BOX.gapX);
  const boxes = new Map();
  for (const ids of columns) {
    for (const id of [...ids].sort((a, b) => tops.get(a) - tops.get(b))) {
      const critical = steps.has(id);
      boxes.set(id, { ...shown.get(id), critical, x: x(column.get(id)), y: tops.get(id) });
    }
  }
  for (const box of boxes.values()) {
    box.before = nearest(box, before.get(box.id), boxes);
    box.after = [];
  }
  for (const box of boxes.values()) for (const id of box.before) boxes.get(id).after.push(box.id);
  for (const box of boxes.values()) box.after = nearest(box, box.after, boxes);
  const lines = inside.map(({ from, to }) => {
    const [first, last] = [column.get(to), column.get(from)];
    const ways = [];
    for (let index = first + 1; index < last; index += 1) {
      const top = tops.get(laneKey(to, index));
      if (top !== undefined) ways.push({ x: x(index), y: top });
    }
    const critical = steps.has(from) && steps.get(from) === steps.get(to) + 1;
    return { from, to, d: curve(boxes.get(to), ways, boxes.get(from)), critical };
  });
  return {
    boxes: [...boxes.values()],
    lines,
    width: 2 * BOX.edge + Math.max(0, columns.length * (BOX.width + BOX.gapX) - BOX.gapX),
    height,
    left: nodes.length - shown.size,
  };
}

/**
 * Returns the id of the box that a key leads to from box `id`, or null when it leads nowhere:
 * up and down walk in topological order, left to what it waits for, right to what waits for it.
 */
export function step(boxes, id, key) {
  const index = boxes.findIndex((box) => box.id === id);
  const box = boxes[index];
  switch (key) {
    case 'ArrowUp':
      return boxes[index - 1]?.id ?? null;
    case 'ArrowDown':
      return boxes[index + 1]?.id ?? null;
    case 'ArrowLeft':
      return box?.before[0] ?? null;
    case 'ArrowRight':
      return box?.after[0] ?? null;
    case 'Home':
      return boxes[0]?.id ?? null;
    case 'End':
      return boxes.at(-1)?.id ?? null;
    default:
      return null;
  }
}

/** Says a box as a sentence: its title, how it stands, what it waits for, what waits for it. */
export function inSentence(box, boxes) {
  const titles = new Map(boxes.map(({ id, title }) => [id, title]));
  const waits = box.before.map((id) => titles.get(id));
  return [
    box.title,
    box.completed ? 'done' : box.ready ? 'ready' : null,
    waits.length ? `waits for ${some(waits)}` : null,
    box.after.length ? `${box.after.length} ${box.after.length === 1 ? 'waits' : 'wait'} for it` : null,
    box.critical ? 'on the longest chain' : null,
  ].filter(Boolean).join(', ');
}

function some(titles) {
  if (titles.length < 4) return titles.join(' and ');
  return `${titles.slice(0, 2).join(', ')} and ${titles.length - 2} more`;
}

function nearest(box, ids, boxes) {
  const far = (one) => Math.abs(one.x - box.x);
  const others = [...new Set(ids)].map((id) => boxes.get(id));
  return others.sort((a, b) => far(a) - far(b) || a.y - b.y).map(({ id }) => id);
}

function choose(nodes, steps) {
  const worth = (node) => (steps.has(node.id) ? 3 : node.ready ? 2 : node.completed ? 0 : 1);
  const best = nodes.length <= MOST
    ? nodes
    : [...nodes].sort((a, b) => worth(b) - worth(a)).slice(0, MOST);
  return new Map(best.map((node) => [node.id, node]));
}

/** Puts each into the column behind the last of those it waits for; circles end at the right. */
function inColumns(shown, before) {
  const depth = new Map();
  const left = new Map([...before].map(([id, others]) => [id, others.length]));
  const after = new Map();
  for (const [id, others] of before) {
    for (const other of others) after.set(other, [...(after.get(other) ?? []), id]);
  }
  const ready = [...left.keys()].filter((id) => left.get(id) === 0);
  for (const id of ready) {
    const behind = before.get(id).map((other) => depth.get(other) + 1);
    depth.set(id, Math.max(0, ...behind));
    for (const next of after.get(id) ?? []) {
      left.set(next, left.get(next) - 1);
      if (left.get(next) === 0) ready.push(next);
    }
  }
  const columns = [];
  const last = Math.max(-1, ...depth.values()) + 1;
  for (const id of shown.keys()) (columns[depth.get(id) ?? last] ??= []).push(id);
  return columns;
}

/** Draws from one box to another, straight along the lanes between them. */
function curve(start, ways, end) {
  let [x, y] = [start.x + BOX.width, start.y + BOX.height / 2];
  let d = `M${x} ${y}`;
  const bendTo = (x2, y2) => {
    const bend = Math.max(24, (x2 - x) / 2);
    d += `C${x + bend} ${y} ${x2 - bend} ${y2} ${x2} ${y2}`;
  };
  for (const way of ways) {
    bendTo(way.x, way.y);
    [x, y] = [way.x + BOX.width, way.y];
    d += `H${x}`;
  }
  bendTo(end.x, end.y + BOX.height / 2);
  return d;
}
