/** Names people: initials, a colour, and who is here. Pure. */

/** Returns one or two capital letters for a name, whole graphemes where the browser can tell. */
export function initials(name) {
  const words = name.split(/[\s._-]+/u).filter(Boolean);
  const picked = words.length > 1 ? [words[0], words.at(-1)] : words;
  return picked.map((word) => firstLetter(word).toLocaleUpperCase()).join('') || '?';
}

const graphemes = typeof Intl.Segmenter === 'function' ? new Intl.Segmenter() : null;

function firstLetter(word) {
  if (!graphemes) return [...word][0];
  return graphemes.segment(word)[Symbol.iterator]().next().value.segment;
}

/** Returns a hue in degrees, the same for the same name on every device (FNV-1a). */
export function hue(name) {
  let hash = 0x811c9dc5;
  for (const char of name) hash = Math.imul(hash ^ char.codePointAt(0), 0x01000193) >>> 0;
  // The low bits of FNV mix badly for short names; fold the high half in.
  return ((hash ^ (hash >>> 15)) >>> 0) % 360;
}

/**
 * Returns who is here: one `{id, username, devices}` for each person, in order of name.
 * `clients` maps a connection's id to `{user, connInfo: {username}}`.
 */
export function whoIsHere(clients) {
  const people = new Map();
  for (const { user, connInfo } of clients.values()) {
    const person = people.get(user) ?? { id: user, username: connInfo?.username ?? '', devices: 0 };
    person.devices += 1;
    people.set(user, person);
  }
  return [...people.values()].sort((a, b) => (a.username < b.username ? -1 : 1));
}
