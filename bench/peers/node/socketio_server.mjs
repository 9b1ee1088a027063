// Socket.IO: an event to a room.
import { Server } from "socket.io";

import { change, serve } from "./publication.mjs";

const AROUND = '42["change",]'.length;

serve((server) => {
  const io = new Server(server, { transports: ["websocket"] });
  io.on("connection", (socket) => socket.join("list"));
  return (offset) => io.to("list").emit("change", change(offset, AROUND));
});
