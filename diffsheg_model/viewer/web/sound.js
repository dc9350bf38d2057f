// Plays sound by the server's clock: each sample is heard when its motion is shown.

// Seconds between two pieces up to which they are joined without a gap.
const JOINED_S = 0.04;
// Pieces, some seconds, that may wait until the browser lets sound begin.
const MOST_WAITING = 200;
// Milliseconds in which a browser that allows sound has started it.
const STARTS_MS = 500;

export class Sound {
  // toLocalS(timeS) converts a server's time to when it is shown, in performance.now() / 1000.
  // onChange is called when the browser starts or stops the sound.
  constructor(toLocalS, onChange = () => {}) {
    this.#toLocalS = toLocalS;
    this.#onChange = onChange;
  }

  // The AudioNode that all sound goes through; null before the first sound.
  get output() { return this.#output; }

  get context() { return this.#context; }

  // True if the user wants sound and the browser, as far as is known, allows it.
  get isOn() { return this.#wanted && (this.#context === null || this.#context.state === 'running'); }
  // True if the browser waits for a touch of the user before it plays sound.
  get isHeldBack() { return this.#wanted && this.#context?.state === 'suspended'; }
  get isPlaying() { return this.#wanted && this.#context?.state === 'running'; }

  async toggle() {
    if (this.isOn) {
      this.#wanted = false;
      this.flush();
    } else {
      this.#wanted = true;
      await this.wake();
    }
  }

  // Starts sound that the browser held back until the user's touch.
  async wake() { if (this.#wanted) await this.#context?.resume(); }

  // Stops the sound and drops all pieces.
  flush() {
    for (const { node } of this.#pieces) node.stop();
    this.#pieces = [];
    this.#waiting = [];
  }

  // Plays samples; timeS: the server's time of the first one.
  push(timeS, rate, samples) {
    if (!this.#wanted || !samples.length) return;
    // With a context of the speech's rate the browser resamples the stream, not piece by piece.
    if (this.#context?.sampleRate !== rate) this.#open(rate);
    if (!this.isPlaying) {
      // The context starts in a moment, or when the user first touches the page.
      if (this.#waiting.push([timeS, rate, samples]) > MOST_WAITING) this.#waiting.shift();
      return;
    }
    const last = this.#pieces.at(-1);
    let when = this.#contextTime(this.#toLocalS(timeS));
    if (last && Math.abs(when - last.end) < JOINED_S && Math.abs(timeS - last.endS) < JOINED_S) {
      when = last.end;
    }
    // Whole samples, so that joined pieces have neither gap nor overlap.
    when = Math.round(when * rate) / rate;
    const late = this.#context.currentTime - when;
    if (late > samples.length / rate) return;
    const buffer = this.#context.createBuffer(1, samples.length, rate);
    buffer.copyToChannel(samples, 0);
    const node = new AudioBufferSourceNode(this.#context, { buffer });
    node.connect(this.#output);
    node.onended = () => { this.#pieces = this.#pieces.filter((piece) => piece.node !== node); };
    node.start(Math.max(when, this.#context.currentTime), Math.max(0, late));
    this.#pieces.push({
      node, start: when, end: when + samples.length / rate, timeS, endS: timeS + samples.length / rate,
    });
  }

  // The server's time of the sample that is heard at a local time; null if there is no sound.
  heardS(localS) {
    if (!this.isPlaying) return null;
    const now = this.#contextTime(localS);
    const piece = this.#pieces.find(({ start, end }) => start <= now && now < end);
    return piece ? piece.timeS + (now - piece.start) : null;
  }

  #toLocalS;
  #onChange;
  #wanted = true;
  #context = null;
  #output = null;
  #pieces = [];
  #waiting = [];

  #open(rate) {
    this.flush();
    this.#context?.close();
    this.#context = new AudioContext({ sampleRate: rate, latencyHint: 'interactive' });
    this.#context.onstatechange = () => {
      this.#onChange();
      if (!this.isPlaying) return;
      for (const piece of this.#waiting.splice(0)) this.push(...piece);
    };
    this.#output = this.#context.createGain();
    this.#output.connect(this.#context.destination);
    setTimeout(this.#onChange, STARTS_MS);
  }

  // The context's time of the sample that leaves the loudspeaker at a local time.
  #contextTime(localS) {
    const { contextTime, performanceTime } = this.#context.getOutputTimestamp();
    if (performanceTime > 0) return contextTime + localS - performanceTime / 1000;
    return this.#context.currentTime + localS - performance.now() / 1000;
  }
}
