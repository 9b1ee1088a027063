// ws: one text, `send` to each socket in turn.
import { WebSocketServer } from "ws";

import { change, serve } from "./publication.mjs";

serve((server) => {
  const sockets = new WebSocketServer({ server, path: "/socket" });
  sockets.on("connection", (socket) => socket.on("error", () => {}));
  return (offset) => {
    const text = Buffer.from(JSON.stringify(change(offset)));
    for (const socket of sockets.clients) socket.send(text, { binary: false });
  };
});
