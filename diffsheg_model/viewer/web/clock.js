// The moment that is shown: a little behind the server's clock, and exactly that of the sound.

// Motion is stamped when it is published; so long it may take to get here.
export const DELAY_S = 0.08;
const JUMP_S = 0.1;
// So much of a second's time is caught up in a second.
const SLEW = 0.1;

export class ShownClock {
  #skewS = 0;
  #lastS = 0;

  // nowS: the server's clock; heardS: the server's time of the sample that is heard, or null.
  shownS(nowS, heardS) {
    const mostS = SLEW * Math.max(0, Math.min(1, nowS - this.#lastS));
    this.#lastS = nowS;
    const plainS = nowS - DELAY_S;
    const aimS = heardS === null ? 0 : heardS - plainS;
    const off = aimS - this.#skewS;
    // A sound card's clock drifts by little: what is little is caught up unseen.
    this.#skewS += Math.abs(off) > JUMP_S ? off : Math.max(-mostS, Math.min(mostS, off));
    return plainS + this.#skewS;
  }
}
