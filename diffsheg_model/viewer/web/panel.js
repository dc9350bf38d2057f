// The panel beside the figure: facts, settings, and every weight as a bar.

import { mix } from './track.js';

const GROUPS = [
  ['brows', /^brow/], ['eyes', /^eye/], ['cheeks and nose', /^(cheek|nose)/], ['jaw', /^jaw/],
  ['mouth', /^(mouth|tongue)/], ['other', /./],
];

export class WeightBars {
  #rows = [];
  #section;

  constructor(section) { this.#section = section; }

  // Builds a row for every weight; nameLists: the weight names of each source.
  setNames(nameLists) {
    this.#section.replaceChildren();
    this.#rows = [];
    const pending = new Set(nameLists.flat());
    for (const [title, pattern] of GROUPS) {
      const names = [...pending].filter((name) => pattern.test(name));
      if (!names.length) continue;
      this.#section.append(element('h2', title));
      for (const name of names) {
        pending.delete(name);
        const bars = element('div');
        bars.className = nameLists.length > 1 ? 'bars two' : 'bars';
        const value = element('span', '');
        const fills = nameLists.map(() => bars.appendChild(document.createElement('i')));
        const row = element('div');
        row.className = 'weight';
        row.dataset.name = name;
        row.append(element('span', name), bars, value);
        this.#section.append(row);
        this.#rows.push({ fills, value, places: nameLists.map((list) => list.indexOf(name)) });
      }
    }
  }

  // betweens: for each source the result of Track.at, which may be null.
  show(betweens) {
    for (const { fills, value, places } of this.#rows) {
      places.forEach((place, source) => {
        const weight = place < 0 || !betweens[source] ? 0 : mix(betweens[source], place);
        fills[source].style.transform = `scaleX(${Math.min(1, Math.max(0, weight)).toFixed(3)})`;
        if (source === 0) value.textContent = weight.toFixed(2);
      });
    }
  }
}

// The lines of the list of facts, {name: text}. Facts that are not known are left out.
export function facts({ sources, status }, { drawnHz, pageDelayS, roundTripMs }) {
  const values = status.values ?? {};
  const seconds = (name) => (values[name] ? `${values[name]} s` : '');
  const lines = {
    received: sources.map(({ receivedHz }) => receivedHz.toFixed(0)).join(' and ') + ' Hz',
    drawn: `${drawnHz.toFixed(drawnHz < 10 ? 1 : 0)} fps`,
    'sound to motion p50': seconds('latency_p50_s'),
    'p95': seconds('latency_p95_s'),
    'playout delay': seconds('playout_delay_s'),
    'page delay': `${Math.round(pageDelayS * 1000)} ms`,
    'round trip': Number.isFinite(roundTripMs) ? `${roundTripMs.toFixed(1)} ms` : '–',
    'a window takes': seconds('window_p50_s'),
    engine: values.engine,
    model: values.bundle,
    'drops, late': values.drops ? `${values.drops}, ${values.late_windows}` : '',
    pages: status.clients ? `${status.clients}` : '',
    'lost, left out here':
      status.dropped || status.skipped ? `${status.dropped}, ${status.skipped}` : '',
  };
  return Object.fromEntries(Object.entries(lines).filter(([, text]) => text));
}

export function showFacts(list, lines) {
  list.replaceChildren(...Object.entries(lines).flatMap(
    ([name, text]) => [element('dt', name), element('dd', text)]));
}

// Shows the avatar's parameters as number fields. settings: [{name, value, low, high, fixed,
// hint}]; change(name, value) is called when the user enters a new number.
export function showSettings(section, settings, change) {
  section.hidden = !settings.length;
  // A field that the user is editing must not be replaced: new values wait until it loses focus.
  section.onfocusout = () => setTimeout(() => showSettings(section, settings, change));
  if (section.contains(document.activeElement)) return;
  section.replaceChildren(...settings.flatMap(({ name, value, low, high, fixed, hint }) => {
    const input = Object.assign(document.createElement('input'), {
      type: 'number', min: low, max: high, step: 1, value, required: true, disabled: fixed, title: hint, id: `set-${name}`,
    });
    input.onchange = () => {
      if (input.reportValidity()) change(name, input.valueAsNumber);
      input.blur();
    };
    const label = element('label', name);
    label.htmlFor = input.id;
    label.title = hint;
    return [label, input];
  }));
}

function element(tag, text = '') {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}
