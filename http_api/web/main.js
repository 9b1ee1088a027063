/** Starts the page: the door for whoever is not logged in, the lists for whoever is. */

import { Api } from './api.js';
import { farewell, keepFarewell } from './farewell.js';
import { Session } from './session.js';
import { at, drawIcons } from './view/dom.js';
import { Gate } from './view/gate.js';
import { Workspace } from './view/workspace.js';

const AGAIN_MS = 2_000;

drawIcons(document);

const session = new Session();
const api = new Api();
api.session = session;
const gate = new Gate(session, () => enter(true));
let workspace = null;

// Everything of the old session goes with the page that held it.
session.on('ended', (reason) => {
  keepFarewell(reason, workspace?.forget() ?? 0);
  location.reload();
});

const word = farewell();
if (await resumed()) enter();
else gate.show(word);
at('loading').hidden = true;

/** Takes up the session, however long nobody answers: whoever is logged in sees no door. */
async function resumed() {
  for (;;) {
    try {
      return await session.resume();
    } catch (error) {
      const words = at('loading-words');
      words.textContent = `${error.message} Trying again…`;
      words.classList.remove('visually-hidden');
      await later(error.retryAfter ? 1000 * error.retryAfter : AGAIN_MS);
    }
  }
}

/** Waits, but not beyond the moment when the network is back. */
function later(milliseconds) {
  return new Promise((resolve) => {
    addEventListener('online', resolve, { once: true });
    setTimeout(resolve, milliseconds);
  });
}

/** Shows the lists; `asked`: whoever it is has just come through the door. */
function enter(asked = false) {
  gate.hide();
  workspace = new Workspace(session, api);
  workspace.start(asked);
}
