// Runs in the audio thread, which goes on while the page is in the background: collects what the
// microphone hears and hands it over in pieces.

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
