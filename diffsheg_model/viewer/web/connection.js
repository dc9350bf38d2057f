// The WebSocket to the server: reconnects by itself, and estimates the server's clock.

const FIRST_WAIT_MS = 200, LONGEST_WAIT_MS = 2000;
const PING_MS = 500, KEPT_PINGS = 20;
// The close code of a server that refuses the page; the close reason says why.
const REFUSED = 4001, REFUSED_WAIT_MS = 15000;

// Dispatches 'open', 'close' (detail: reason of a refusal, or empty), 'text' (detail: object) and
// 'binary' (detail: ArrayBuffer).
export class Connection extends EventTarget {
  constructor() {
    super();
    this.rttMs = Infinity;
    this.connects = 0;
    this.#connect();
    setInterval(() => this.#ping(), PING_MS);
  }

  get isOpen() { return this.#socket.readyState === WebSocket.OPEN; }

  // The present time of the server's clock, seconds; null before it is known.
  nowS() { return this.#offsetS === null ? null : performance.now() / 1000 + this.#offsetS; }

  // Seconds to add to performance.now() / 1000 for the time of the server's clock.
  get offsetS() { return this.#offsetS; }

  send(message) {
    if (!this.isOpen) throw new Error('not connected: try again in a moment');
    this.#socket.send(message instanceof ArrayBuffer ? message : JSON.stringify(message));
  }

  #socket;
  #waitMs = FIRST_WAIT_MS;
  #offsetS = null;
  #pings = [];

  #connect() {
    const address = new URL('socket', location.href);
    address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = this.#socket = new WebSocket(address);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      this.connects += 1;
      this.#waitMs = FIRST_WAIT_MS;
      // This may be another server, with another clock.
      this.#pings = [];
      this.#offsetS = null;
      this.dispatchEvent(new Event('open'));
      this.#ping();
    };
    socket.onmessage = ({ data }) => {
      if (data instanceof ArrayBuffer) {
        this.dispatchEvent(new CustomEvent('binary', { detail: data }));
        return;
      }
      const message = JSON.parse(data);
      if (message.type === 'pong') this.#onPong(message);
      else this.dispatchEvent(new CustomEvent('text', { detail: message }));
    };
    socket.onclose = ({ code, reason }) => {
      const refused = code === REFUSED;
      this.dispatchEvent(new CustomEvent('close', { detail: refused ? reason : '' }));
      setTimeout(() => this.#connect(), refused ? REFUSED_WAIT_MS : this.#waitMs);
      this.#waitMs = Math.min(2 * this.#waitMs, LONGEST_WAIT_MS);
    };
  }

  #ping() { if (this.isOpen) this.send({ type: 'ping', sent_ms: performance.now() }); }

  // As in NTP, the answer with the shortest round trip gives the best estimate: its error is at
  // most half of that round trip.
  #onPong({ sent_ms: sentMs, now_s: nowS }) {
    const receivedMs = performance.now();
    this.#pings.push({ rttMs: receivedMs - sentMs, offsetS: nowS - (sentMs + receivedMs) / 2000 });
    if (this.#pings.length > KEPT_PINGS) this.#pings.shift();
    const last = this.#pings.at(-1);
    const best = this.#pings.reduce((a, b) => (b.rttMs < a.rttMs ? b : a));
    // After the clock was set, older answers are worthless.
    if (Math.abs(last.offsetS - best.offsetS) > 0.25 + last.rttMs / 1000) this.#pings = [last];
    const used = this.#pings.length === 1 ? last : best;
    this.rttMs = used.rttMs;
    this.#offsetS = used.offsetS;
  }
}
