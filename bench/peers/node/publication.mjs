// What both servers on Node send, and how they are told to.
import { createServer } from "node:http";

const BYTES = 240;

/** Make a change whose JSON, with `around` bytes around it, has 240 bytes. */
export function change(offset, around = 0) {
  const bare = JSON.stringify({ text: "", offset }).length;
  return { text: "x".repeat(BYTES - around - bare), offset };
}

/** Listen on the port given as first argument: `POST /publish?count=N` calls `publish(offset)` N
 * times, and answers with the nanoseconds since 1970 just before, by offset. */
export function serve(makePublish) {
  let last = 0;
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://localhost");
    const moments = {};
    if (request.method === "POST" && pathname === "/publish") {
      for (let left = Number(searchParams.get("count")); left > 0; left--) {
        const moment = performance.timeOrigin + performance.now();
        moments[++last] = Math.round(moment * 1e6);
        publish(last);
      }
    } else if (request.method === "POST" && pathname === "/collect") {
      globalThis.gc();
    } else {
      response.statusCode = 404;
    }
    const body = JSON.stringify(moments);
    response.writeHead(response.statusCode, { "Content-Length": body.length }).end(body);
  });
  const publish = makePublish(server);
  server.keepAliveTimeout = 600_000;
  server.listen(Number(process.argv[2]), "127.0.0.1", 2048);
}
