/** Starts the page: the door for whoever is not logged in, the lists for whoever is. */

import { Api } from './api.js';
import { Session } from './session.js';
import { at, drawIcons } from './view/dom.js';
import { Gate } from './view/gate.js';
import { Workspace } from './view/workspace.js';

drawIcons(document);

const session = new Session();
const api = new Api();
api.session = session;
const gate = new Gate(session, () => enter(true));

// Everything of the old session goes with the page that held it.
session.on('ended', () => location.reload());

try {
  if (await session.resume()) enter();
  else gate.show();
} catch (error) {
  gate.show(error.message);
}
at('loading').hidden = true;

/** Shows the lists; `asked`: whoever it is has just come through the door. */
function enter(asked = false) {
  gate.hide();
  new Workspace(session, api).start(asked);
}
