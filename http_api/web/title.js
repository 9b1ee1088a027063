/** Says what is wrong with a title before it is sent. Pure. */

/** How many characters (code points, as the service counts) a title has room for. */
export const MOST = 200;

/** Returns why the service would not take this title, or '' when it would. */
export function tooLong(title) {
  const { length } = [...title.trim()];
  return length > MOST ? `A title has room for ${MOST} characters; this one has ${length}.` : '';
}
