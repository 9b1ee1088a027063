/** Reads the invitation that the address names (`#/invites/<token>`); null when it names none. */
export function invitation() {
  return /^#\/invites\/([A-Za-z0-9_-]{1,100})$/.exec(location.hash)?.[1] ?? null;
}
