/** Lets rows be dragged by their grip, with mouse, pen or finger. */

import { glide } from './dom.js';

const EDGE_PX = 56; // closer than this to the edge of the scroller, dragging scrolls
const STEP_PX = 9;

/**
 * Makes the children of `list` draggable. `scroller` is what scrolls. Calls `dropped(row, before)`
 * with the element that moved and the one now in front of it (null: first), `settled()` after
 * every drag, moved or not.
 */
export function draggable(list, scroller, { dropped, settled }) {
  list.addEventListener('pointerdown', (event) => {
    const row = event.target.closest('.grip')?.closest('.todo');
    if (!row || event.button !== 0) return;
    event.preventDefault();
    drag(list, scroller, row, event, { dropped, settled });
  });
}

function drag(list, scroller, row, { pointerId, clientY }, { dropped, settled }) {
  const first = row.previousElementSibling;
  const next = row.nextElementSibling;
  const grabbedAt = clientY - row.getBoundingClientRect().top;
  let pointerY = clientY;
  let frame = 0;
  row.classList.add('dragged');
  document.documentElement.classList.add('dragging');

  const follow = () => {
    row.style.transform = '';
    row.style.transform = `translateY(${pointerY - grabbedAt - row.getBoundingClientRect().top}px)`;
  };

  const swap = () => {
    if (!row.isConnected) return; // its list went away under the finger
    const middle = pointerY - grabbedAt + row.offsetHeight / 2;
    const others = [...list.children].filter((other) => other !== row);
    const below = others.find((other) => {
      const box = other.getBoundingClientRect();
      return middle < box.top + box.height / 2;
    });
    if ((below ?? null) !== row.nextElementSibling) {
      glide(others, () => list.insertBefore(row, below ?? null));
    }
    follow();
  };

  const scroll = () => {
    const box = scroller.getBoundingClientRect();
    const top = Math.max(box.top, 0) + EDGE_PX;
    const bottom = Math.min(box.bottom, innerHeight) - EDGE_PX;
    const step = pointerY < top ? -STEP_PX : pointerY > bottom ? STEP_PX : 0;
    if (step) {
      scroller.scrollBy(0, step);
      swap();
    }
    frame = requestAnimationFrame(scroll);
  };

  const moved = (event) => {
    if (event.pointerId !== pointerId) return;
    pointerY = event.clientY;
    swap();
  };

  const place = (keep) => {
    if (!keep) list.insertBefore(row, next);
    const before = row.previousElementSibling;
    if (keep && before !== first) dropped(row, before);
  };

  const end = (keep) => {
    cancelAnimationFrame(frame);
    stop.abort();
    row.classList.remove('dragged');
    document.documentElement.classList.remove('dragging');
    row.style.transform = '';
    if (row.isConnected) place(keep);
    settled();
  };

  // On the document, since moving the row in the tree would end a pointer capture.
  const stop = new AbortController();
  const { signal } = stop;
  document.addEventListener('pointermove', moved, { signal });
  document.addEventListener('pointerup', () => end(true), { signal });
  document.addEventListener('pointercancel', () => end(false), { signal });
  const escape = (event) => {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    end(false);
  };
  document.addEventListener('keydown', escape, { signal, capture: true });
  frame = requestAnimationFrame(scroll);
}
