// What a page's connection carries, seen and cut from within the page.

/**
 * Runs in a page before anything else. `window.wire` counts the bytes of files that were sent and that came, holds back what would go beyond
 * `limit`, and closes the connections as a lost network would: without a word.
 */
export function tapWire() {
  const LABEL = 'ksp-file';
  const connections = [];
  const channels = new Set();
  const wire = { sent: 0, came: 0, limit: Infinity };
  window.wire = wire;

  wire.release = () => {
    wire.limit = Infinity;
    channels.forEach((channel) => channel.dispatchEvent(new Event('bufferedamountlow')));
  };
  wire.cut = () => connections.forEach((connection) => connection.close());

  const tap = (channel) => {
    if (channel.label !== LABEL || channels.has(channel)) return;
    channels.add(channel);
    channel.addEventListener('message', ({ data }) => (wire.came += data.byteLength));
  };
  const { prototype } = RTCDataChannel;
  const { send } = prototype;
  prototype.send = function (data) {
    if (this.label === LABEL) wire.sent += data.byteLength;
    return send.call(this, data);
  };
  const { get: bufferedAmount } = Object.getOwnPropertyDescriptor(prototype, 'bufferedAmount');
  Object.defineProperty(prototype, 'bufferedAmount', {
    get() {
      return this.label === LABEL && wire.sent >= wire.limit ? Infinity : bufferedAmount.call(this);
    },
  });
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...options) {
      super(...options);
      connections.push(this);
      this.addEventListener('datachannel', ({ channel }) => tap(channel));
    }
    createDataChannel(...options) {
      const channel = super.createDataChannel(...options);
      tap(channel);
      return channel;
    }
  };
}
