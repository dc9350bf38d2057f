// Counts drawn pictures, and finds computers that are too slow for the present quality.

const SLOW_HZ = 24;
// Intervals in a row that must be slow.
const SLOW_INTERVALS = 4;

export class DrawingRate {
  // Pictures per second in the last interval.
  hz = 0;
  #drawn = 0;
  #slowIntervals = 0;

  count() { this.#drawn += 1; }

  // Ends an interval of so many seconds; returns true if drawing should become cheaper. Intervals
  // without drawing, as of a page in the background, do not count as slow.
  endInterval(seconds, isDrawing) {
    this.hz = this.#drawn / seconds;
    this.#drawn = 0;
    this.#slowIntervals = isDrawing && this.hz < SLOW_HZ ? this.#slowIntervals + 1 : 0;
    if (this.#slowIntervals < SLOW_INTERVALS) return false;
    this.#slowIntervals = 0;
    return true;
  }
}
