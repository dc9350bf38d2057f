// Rows of numbers by time, and what lies between them. Bounded: the newest are kept.

const KEPT = 600;

export class Track {
  #times = [];
  #rows = [];

  get length() { return this.#times.length; }
  get newestS() { return this.#times.at(-1) ?? null; }

  clear() { this.#times = []; this.#rows = []; }

  add(timeS, row) {
    // Times that jump back are those of a clock that was set, or of a file played from elsewhere.
    if (this.#times.length && timeS <= this.#times.at(-1)) {
      if (timeS > this.#times.at(-1) - 1) return;
      this.clear();
    }
    this.#times.push(timeS);
    this.#rows.push(row);
    if (this.#times.length > KEPT) {
      this.#times.splice(0, KEPT / 2);
      this.#rows.splice(0, KEPT / 2);
    }
  }

  // {before, after, share}: the rows around a time, and how far it lies between them, 0 to 1; the
  // first or last row where it lies outside. null where nothing is known.
  at(timeS) {
    const times = this.#times, rows = this.#rows;
    if (!times.length) return null;
    let low = 0, high = times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle] <= timeS) low = middle + 1; else high = middle;
    }
    if (low === 0) return { before: rows[0], after: rows[0], share: 0 };
    if (low === times.length) return { before: rows[low - 1], after: rows[low - 1], share: 0 };
    const share = (timeS - times[low - 1]) / (times[low] - times[low - 1]);
    return { before: rows[low - 1], after: rows[low], share };
  }
}

// One number of what Track.at gave.
export function mix(between, index) {
  const { before, after, share } = between;
  return before[index] + share * (after[index] - before[index]);
}
