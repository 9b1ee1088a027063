/** Lays a list's dependencies out in columns: what must be done first stands furthest left. */

export const BOX = { width: 168, height: 44, gapX: 40, gapY: 14, edge: 12 };
export const MOST = 150;

/**
 * Returns `{boxes, lines, width, height, left}` in pixels. `graph` is `{nodes, edges}` of the
 * service (an edge's `from` waits for its `to`); `path` the ids of the critical path, in order.
 * A box is its node with `x`, `y` and `critical`; a line has the `d` of an SVG path and `critical`.
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
  const boxes = new Map();
  columns.forEach((ids, column) => {
    ordered(ids, before, boxes).forEach((id, row) => {
      boxes.set(id, {
        ...shown.get(id),
        critical: steps.has(id),
        x: BOX.edge + column * (BOX.width + BOX.gapX),
        y: BOX.edge + row * (BOX.height + BOX.gapY),
      });
    });
  });
  const lines = inside.map(({ from, to }) => ({
    from,
    to,
    d: curve(boxes.get(to), boxes.get(from)),
    critical: steps.has(from) && steps.get(from) === steps.get(to) + 1,
  }));
  const tallest = Math.max(0, ...columns.map((ids) => ids.length));
  return {
    boxes: [...boxes.values()],
    lines,
    width: 2 * BOX.edge + Math.max(0, columns.length * (BOX.width + BOX.gapX) - BOX.gapX),
    height: 2 * BOX.edge + Math.max(0, tallest * (BOX.height + BOX.gapY) - BOX.gapY),
    left: nodes.length - shown.size,
  };
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

/** Orders a column by the middle of what each waits for, so that lines cross little. */
function ordered(ids, before, boxes) {
  const middle = new Map(ids.map((id) => {
    const rows = before.get(id).map((other) => boxes.get(other)?.y ?? 0);
    return [id, rows.length ? rows.reduce((sum, y) => sum + y, 0) / rows.length : Infinity];
  }));
  return [...ids].sort((a, b) => middle.get(a) - middle.get(b) || 0);
}

function curve(start, end) {
  const x1 = start.x + BOX.width;
  const y1 = start.y + BOX.height / 2;
  const x2 = end.x;
  const y2 = end.y + BOX.height / 2;
  const bend = Math.max(24, (x2 - x1) / 2);
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}
