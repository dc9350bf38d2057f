// The time that the page shows: slightly behind the server's clock, and in step with the sound.

// Seconds that motion may take from the server to the page.
export const DELAY_S = 0.08;
// Seconds of difference from the sound above which the time jumps instead of slewing.
const JUMP_S = 0.1;
// Seconds of difference that are corrected in one second.
const SLEW = 0.1;

export class ShownClock {
  #skewS = 0;
  #lastS = 0;

  // Returns the server's time to show. nowS: the server's clock; heardS: the server's time of the
  // sample that is heard now, or null.
  shownS(nowS, heardS) {
    const mostS = SLEW * Math.max(0, Math.min(1, nowS - this.#lastS));
    this.#lastS = nowS;
    const plainS = nowS - DELAY_S;
    const aimS = heardS === null ? 0 : heardS - plainS;
    const off = aimS - this.#skewS;
    // A sound card's clock drifts slowly; small differences are corrected without a visible jump.
    this.#skewS += Math.abs(off) > JUMP_S ? off : Math.max(-mostS, Math.min(mostS, off));
    return plainS + this.#skewS;
  }
}
