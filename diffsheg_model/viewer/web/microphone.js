// Collects the microphone's samples and posts them in pieces. This runs in the audio thread, which
// also works while the page is in the background.

const PIECE_S = 0.04;

class Microphone extends AudioWorkletProcessor {
  #piece = new Float32Array(Math.round(sampleRate * PIECE_S));
  #filled = 0;

  process([[channel]]) {
    for (const value of channel ?? []) {
      this.#piece[this.#filled] = value;
      this.#filled += 1;
      if (this.#filled === this.#piece.length) {
        this.port.postMessage(this.#piece.slice().buffer);
        this.#filled = 0;
      }
    }
    return true;
  }
}

registerProcessor('microphone', Microphone);
