// A signaling server gone bad: it stands before the real one, serves the page, and does with the frames what an attack wants.

import { once } from 'node:events';
import http from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';

export class Proxy {
  /** Every frame that came, as it came, in order: `{to, frame}`; `to` is `page`, `kiosk` or `server`. */
  passed = [];
  #attacks = {};
  /** The last socket of each. */
  #ends = {};
  #http = http.createServer((request, response) => this.#serve(request, response));
  #sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });

  /** Listens. `server` has to be set before anybody comes: both know each other's address before either serves. */
  async start() {
    this.#http.on('upgrade', (request, socket, head) =>
      this.#sockets.handleUpgrade(request, socket, head, (client) => this.#relay(request, client)),
    );
    this.#http.listen(0, '127.0.0.1');
    await once(this.#http, 'listening');
    this.host = `127.0.0.1:${this.#http.address().port}`;
    this.origin = `http://${this.host}`;
    return this;
  }

  close() {
    this.#sockets.clients.forEach((socket) => socket.terminate());
    this.#http.closeAllConnections();
    this.#http.close();
  }

  /** Passes everything on untouched. */
  honest() {
    this.#attacks = {};
  }

  /** From now on frames to the page (or kiosk) are replaced: a frame in, a list of frames out. */
  towards(to, attack) {
    this.#attacks[to] = attack;
  }

  /** Delivers the last of the passed frames that fits once more, to the page (or kiosk) that is connected now. */
  replay(to, fits) {
    const { frame } = this.passed.findLast((each) => each.to === to && fits(each.frame));
    this.#ends[to].send(JSON.stringify(frame));
  }

  #serve(request, response) {
    const [host, port] = this.server.split(':');
    http.get({ host, port, path: request.url, headers: { ...request.headers, host: this.host } }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
  }

  #relay({ url, headers }, client) {
    // Only browsers say where they come from.
    const who = headers.origin ? 'page' : 'kiosk';
    const options = { headers: { host: this.host, ...(headers.origin && { origin: headers.origin }) }, perMessageDeflate: false };
    const server = new WebSocket(`ws://${this.server}${url}`, options);
    this.#ends[who] = client;
    const held = [];
    server.on('open', () => held.splice(0).forEach((data) => server.send(data)));
    server.on('message', (data) => {
      const frame = JSON.parse(data);
      this.passed.push({ to: who, frame });
      const attack = this.#attacks[who] ?? ((each) => [each]);
      for (const each of attack(structuredClone(frame))) client.send(JSON.stringify(each));
    });
    client.on('message', (data) => {
      this.passed.push({ to: 'server', frame: JSON.parse(data) });
      if (server.readyState === WebSocket.OPEN) server.send(data.toString());
      else held.push(data.toString());
    });
    for (const [one, other] of [[server, client], [client, server]]) {
      one.on('close', () => other.close());
      one.on('error', () => other.terminate());
    }
  }
}

/** Reads the payload of an envelope. */
export function payloadOf(envelope) {
  return JSON.parse(Buffer.from(envelope.payload, 'base64url'));
}

/** The envelope with its payload changed and its signature as it was. */
export function alter(envelope, change) {
  const payload = payloadOf(envelope);
  change(payload);
  return { ...envelope, payload: Buffer.from(JSON.stringify(payload)).toString('base64url') };
}
