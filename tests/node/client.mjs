// One client of the official JavaScript SDK, spoken to in JSON lines.
//
// In:  {"id": 1, "do": "subscribe", ...}         what to do
//      {"answer": 1, "value": ...}               the answer to a question
// Out: {"id": 1, "result": ...} or {"id": 1, "error": {"code", "message"}}
//      {"event": "publication", "channel": ..., ...}   everything the SDK tells, as it tells it
//      {"ask": 1, "what": "token" | "state", "channel": ...}   the SDK's getToken and getState
//
// Event names are the SDK's own. Events of a subscription carry `channel` and `side: "client"`,
// those of a server-side one `channel` and `side: "server"`.
//
// The first argument names the encoding: `json`, or `protobuf`, where the service's own JSON (`data`
// and `connInfo`) is bytes to the SDK. Over this stream it is JSON in either case. `stream`: JSON over
// HTTP streaming instead of a WebSocket; `connect` is given the socket's address all the same.

import { createInterface } from 'node:readline';
import WebSocket from 'ws';

const STREAM = '/connection/http_stream';
const streams = process.argv[2] === 'stream';
const binary = process.argv[2] === 'protobuf';
const { Centrifuge, UnauthorizedError } = await import(
  binary ? 'centrifuge/build/protobuf' : 'centrifuge'
);
const spell = (data) => (binary ? new TextEncoder().encode(JSON.stringify(data)) : data);
function read(key, value) {
  const bytes = this[key]; // `value` is what a Buffer makes of itself for JSON
  if (!(bytes instanceof Uint8Array)) return value;
  return bytes.length ? JSON.parse(new TextDecoder().decode(bytes)) : undefined;
}

const say = (message) => process.stdout.write(JSON.stringify(message, read) + '\n');
const plain = (error) => ({ code: error?.code ?? 0, message: error?.message ?? String(error) });

let socket = null;
// Keeps sight of the newest transport, so that it can be cut as a network does it: without a close.
class VisibleWebSocket extends WebSocket {
  constructor(...args) {
    super(...args);
    socket = this;
  }
}

let stream = null;
// Keeps hold of the newest stream, for the same purpose; an abort ends its TCP connection.
const visibleFetch = (url, options) => {
  if (!url.endsWith(STREAM)) return fetch(url, options);
  stream = new AbortController();
  return fetch(url, { ...options, signal: AbortSignal.any([options.signal, stream.signal]) });
};
const streaming = (url) => {
  const origin = url.replace(/^ws/, 'http').replace(/\/connection\/.*$/, '');
  return {
    endpoint: [{ transport: 'http_stream', endpoint: origin + STREAM }],
    options: { fetch: visibleFetch, emulationEndpoint: origin + '/emulation' },
  };
};

let questions = 0;
const answers = new Map();
const ask = (what, channel) =>
  new Promise((resolve, reject) => {
    questions += 1;
    answers.set(questions, ({ value, unauthorized }) =>
      unauthorized ? reject(new UnauthorizedError('')) : resolve(value),
    );
    say({ ask: questions, what, channel });
  });

let client = null;
const subscription = (channel) => {
  const found = client.getSubscription(channel);
  if (found === null) throw new Error(`no subscription to ${channel}`);
  return found;
};

const CLIENT_EVENTS = ['connecting', 'connected', 'disconnected', 'error'];
const CHANNEL_EVENTS = ['subscribing', 'subscribed', 'unsubscribed', 'publication', 'join', 'leave'];

const actions = {
  // Positions, delays and timeouts are the SDK's, in its own names (`options`).
  connect({ url, token, options }) {
    const way = streams
      ? streaming(url)
      : { endpoint: url, options: { websocket: VisibleWebSocket } };
    client = new Centrifuge(way.endpoint, {
      token,
      ...way.options,
      getToken: () => ask('token'),
      minReconnectDelay: 10,
      maxReconnectDelay: 200,
      ...options,
    });
    for (const event of CLIENT_EVENTS) {
      client.on(event, (ctx) => say({ event, ...ctx, ...(ctx.error && { error: plain(ctx.error) }) }));
    }
    for (const event of CHANNEL_EVENTS) client.on(event, (ctx) => say({ event, side: 'server', ...ctx }));
    client.connect();
  },
  subscribe({ channel, options, state }) {
    const made = client.newSubscription(channel, {
      minResubscribeDelay: 10,
      maxResubscribeDelay: 200,
      ...options,
      ...(state && { getState: () => ask('state', channel) }),
    });
    for (const event of CHANNEL_EVENTS) made.on(event, (ctx) => say({ event, side: 'client', ...ctx }));
    made.on('error', (ctx) =>
      say({ event: 'error', side: 'client', channel, type: ctx.type, error: plain(ctx.error) }),
    );
    made.subscribe();
  },
  unsubscribe: ({ channel }) => subscription(channel).unsubscribe(),
  resubscribe: ({ channel }) => subscription(channel).subscribe(),
  publish: ({ channel, data }) => client.publish(channel, spell(data)),
  presence: ({ channel }) => client.presence(channel),
  presenceStats: ({ channel }) => client.presenceStats(channel),
  history: ({ channel, options }) => client.history(channel, options),
  rpc: ({ method, data }) => client.rpc(method, spell(data)),
  cut: () => (streams ? stream.abort() : socket.terminate()),
  reconnect: () => client.connect(),
  disconnect: () => client.disconnect(),
};

createInterface({ input: process.stdin })
  .on('line', async (line) => {
    const message = JSON.parse(line);
    if (message.answer !== undefined) {
      answers.get(message.answer)(message);
      answers.delete(message.answer);
      return;
    }
    try {
      say({ id: message.id, result: (await actions[message.do](message)) ?? null });
    } catch (error) {
      say({ id: message.id, error: plain(error) });
    }
  })
  .on('close', () => process.exit(0));
