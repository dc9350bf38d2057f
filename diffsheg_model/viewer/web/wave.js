// The waveform of the last seconds and of the next one, with the opening of the mouth over it.

const PAST_S = 5, COMING_S = 1;
const BINS_PER_S = 60;
const KEPT_S = 20;
// A page in the background draws nothing, so what it collects is limited.
const MOST_POINTS = 4000;

export class Wave {
  constructor(canvas, mouthColors) {
    this.#canvas = canvas;
    this.#colors = mouthColors;
  }

  clear() { this.#peaks.clear(); this.#mouths = []; }

  // Adds samples: the peak of every bin of the server's time.
  addSound(timeS, rate, samples) {
    if (this.#peaks.size > MOST_POINTS) this.#peaks.clear();
    for (let first = 0; first < samples.length;) {
      const bin = Math.floor((timeS + first / rate) * BINS_PER_S + 1e-6);
      const end = Math.min(samples.length, Math.max(first + 1, Math.ceil(((bin + 1) / BINS_PER_S - timeS) * rate)));
      let peak = this.#peaks.get(bin) ?? 0;
      for (; first < end; first += 1) peak = Math.max(peak, Math.abs(samples[first]));
      this.#peaks.set(bin, peak);
    }
  }

  // Adds a source's weight jawOpen at a time.
  addMouth(source, timeS, opening) {
    const points = this.#mouths[source] ??= [];
    if (points.length > MOST_POINTS) points.splice(0, MOST_POINTS / 2);
    // Times jump back when the server's clock was set.
    if (points.length && timeS < points.at(-1)[0] - 1) points.length = 0;
    points.push([timeS, opening]);
  }

  draw(nowS) {
    this.#forget(nowS - KEPT_S);
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const scale = Math.min(devicePixelRatio, 2);
    if (this.#canvas.width !== Math.round(width * scale)) this.#canvas.width = Math.round(width * scale);
    if (this.#canvas.height !== Math.round(height * scale)) this.#canvas.height = Math.round(height * scale);
    const context = this.#canvas.getContext('2d');
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    const x = (timeS) => (timeS - nowS + PAST_S) / (PAST_S + COMING_S) * width;
    const middle = height / 2;
    for (const [bin, peak] of this.#peaks) {
      const left = x(bin / BINS_PER_S);
      if (left < -4 || left > width) continue;
      context.fillStyle = bin / BINS_PER_S > nowS ? '#93a1af55' : '#93a1afaa';
      const half = Math.max(0.5, Math.sqrt(peak) * (middle - 3));
      context.fillRect(left, middle - half, Math.max(1, width / ((PAST_S + COMING_S) * BINS_PER_S) - 0.5), 2 * half);
    }
    this.#mouths.forEach((points, source) => {
      context.strokeStyle = this.#colors[source];
      context.lineWidth = 2;
      context.beginPath();
      for (const [timeS, opening] of points) {
        if (timeS > nowS - PAST_S - 0.5) context.lineTo(x(timeS), height - 3 - Math.min(1, 1.6 * opening) * (height - 8));
      }
      context.stroke();
    });
    context.fillStyle = '#e8edf2';
    context.fillRect(x(nowS), 0, 1, height);
  }

  #canvas;
  #colors;
  #peaks = new Map();
  #mouths = [];

  #forget(beforeS) {
    for (const bin of this.#peaks.keys()) {
      if (bin / BINS_PER_S < beforeS) this.#peaks.delete(bin);
    }
    for (const points of this.#mouths) {
      while (points?.length && points[0][0] < beforeS) points.shift();
    }
  }
}
