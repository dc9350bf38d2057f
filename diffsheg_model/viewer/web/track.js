// Rows of numbers by time, with interpolation between them. Only the newest are kept.

const KEPT = 600;

export class Track {
  #times = [];
  #rows = [];

  get length() { return this.#times.length; }
  get newestS() { return this.#times.at(-1) ?? null; }

  clear() { this.#times = []; this.#rows = []; }

  add(timeS, row) {
    // Times jump back when the server's clock was set or a file plays from another position.
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

  // Returns {before, after, share}: the rows around a time, and its place between them, 0 to 1.
  // Outside the known times both are the first or the last row; without rows the result is null.
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

// Interpolates one number of a result of Track.at.
export function mix(between, index) {
  const { before, after, share } = between;
  return before[index] + share * (after[index] - before[index]);
}
