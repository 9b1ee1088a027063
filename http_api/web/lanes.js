/** Finds how high each box of a picture stands, and keeps lines that pass boxes beside them. */

const MOST_LANES = 600; // beyond that lines go straight: nobody could follow them anyway

/** Names the lane in which the lines from box `id` pass column `index`. */
export const laneKey = (id, index) => `${id} ${index}`;

/**
 * Returns the lanes of each column, as the ids of the boxes whose lines pass it; lines of one box
 * share a lane. `before` holds what each box waits for, `column` where it stands.
 */
export function lanesOf(columns, before, column) {
  const lanes = columns.map(() => new Set());
  let count = 0;
  for (const [id, others] of before) {
    for (const other of others) {
      for (let index = column.get(other) + 1; index < column.get(id); index += 1) {
        if (!lanes[index].has(other)) count += 1;
        lanes[index].add(other);
        if (count > MOST_LANES) return columns.map(() => new Set());
      }
    }
  }
  return lanes;
}

/**
 * Returns the `tops` of boxes by id and the heights of lanes by `laneKey`, and the `height` of it
 * all, which is that of the fullest column. In a column each stands by the middle of what leads to
 * it, so that lines cross little, and as level with it as there is room.
 */
export function place(columns, before, column, lanes, box) {
  const stacks = columns.map((ids, index) => ids.length * (box.height + box.gapY)
    + lanes[index].size * box.gapY);
  const room = Math.max(box.gapY, ...stacks);
  const tops = new Map();
  const middles = new Map();
  columns.forEach((ids, index) => {
    const comesFrom = (other) => middles.get(laneKey(other, index - 1)) ?? middles.get(other) ?? 0;
    const middleOf = (sources) =>
      (sources.length ? sources.map(comesFrom).reduce((a, b) => a + b) / sources.length : Infinity);
    const cells = [
      ...ids.map((id) => ({ key: id, wanted: middleOf(before.get(id)), height: box.height })),
      ...[...lanes[index]].map((id) => ({
        key: laneKey(id, index),
        wanted: middleOf([id]),
        height: 0,
      })),
    ];
    cells.sort((a, b) => a.wanted - b.wanted || 0);
    let top = box.edge;
    let left = stacks[index]; // what still has to fit below
    for (const { key, wanted, height } of cells) {
      if (wanted < Infinity) {
        top = Math.max(top, Math.min(wanted - height / 2, box.edge + room - left));
      }
      tops.set(key, top);
      middles.set(key, top + height / 2);
      top += height + box.gapY;
      left -= height + box.gapY;
    }
  });
  return { tops, height: columns.length ? 2 * box.edge + room - box.gapY : 2 * box.edge };
}
