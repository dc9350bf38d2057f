// The sound, on the server's clock: every sample is heard when the motion for it is shown.

// Pieces that follow each other this closely are joined without a seam.
const JOINED_S = 0.04;
// Pieces that wait for the browser to let sound begin: some seconds.
const MOST_WAITING = 200;
const STARTS_MS = 500;

export class Sound {
  // toLocalS(timeS): when something of the server's time is shown, on performance.now() / 1000.
  // onChange is called when the browser lets sound begin or stops it.
  constructor(toLocalS, onChange = () => {}) {
    this.#toLocalS = toLocalS;
    this.#onChange = onChange;
  }

  // An AudioNode that hears all that is played; null before there was any.
  get output() { return this.#output; }

  get context() { return this.#context; }

  // Whether it is to be heard, and the browser allows it as far as is known.
  get isOn() { return this.#wanted && (this.#context === null || this.#context.state === 'running'); }
  // Whether the browser waits for the user before it lets anything be heard.
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

  // Begins where the browser made it wait for the user.
  async wake() { if (this.#wanted) await this.#context?.resume(); }

  // Forgets what was going to be heard.
  flush() {
    for (const { node } of this.#pieces) node.stop();
    this.#pieces = [];
    this.#waiting = [];
  }

  push(timeS, rate, samples) {
    if (!this.#wanted || !samples.length) return;
    // At the speech's own rate the browser resamples all of it at once, not each piece for itself.
    if (this.#context?.sampleRate !== rate) this.#open(rate);
    if (!this.isPlaying) {
      // It starts in a moment, or when the user first touches the page.
      if (this.#waiting.push([timeS, rate, samples]) > MOST_WAITING) this.#waiting.shift();
      return;
    }
    const last = this.#pieces.at(-1);
    let when = this.#contextTime(this.#toLocalS(timeS));
    if (last && Math.abs(when - last.end) < JOINED_S && Math.abs(timeS - last.endS) < JOINED_S) {
      when = last.end;
    }
    // In whole samples, so that joined pieces have neither gap nor overlap.
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

  // The server's time of what is heard at a local time; null where nothing is.
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
    // A browser that lets it begin needs a moment for that.
    setTimeout(this.#onChange, STARTS_MS);
  }

  // The context's time whose sound leaves the loudspeaker at a local time.
  #contextTime(localS) {
    const { contextTime, performanceTime } = this.#context.getOutputTimestamp();
    if (performanceTime > 0) return contextTime + localS - performanceTime / 1000;
    return this.#context.currentTime + localS - performance.now() / 1000;
  }
}
