/** Shows a list of things anew without taking the focus away from whoever is in it. */

import { at } from './dom.js';

/** Returns what in `child`, or that it is itself, takes the focus. */
function controls(child) {
  const all = 'button, a, select';
  return child?.matches(all) ? [child] : [...(child?.querySelectorAll(all) ?? [])];
}

/** Runs `change`, which shows `place` anew; the focus stays on the same thing or its neighbour. */
export function keepPlace(place, change) {
  const focused = document.activeElement;
  const index = [...place.children].findIndex((child) => child.contains(focused));
  const { id = null } = place.children[index]?.dataset ?? {};
  const nth = controls(place.children[index]).indexOf(focused);
  change();
  if (index < 0 || place.contains(document.activeElement)) return;
  const children = [...place.children];
  const same = id && children.find((child) => child.dataset.id === id);
  const near = [same, children[index], children[index - 1], ...children];
  const next = near.map((child) => controls(child)[nth] ?? controls(child)[0]).find(Boolean);
  (next ?? at('panel-title')).focus({ preventScroll: !next });
}

/** Makes these the children of `place`; those that stand for the same thing have one `data-id`. */
export function refill(place, children) {
  keepPlace(place, () => place.replaceChildren(...children));
}
