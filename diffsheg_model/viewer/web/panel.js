// The numbers beside the figure: facts, settings, and every weight as a bar.

import { mix } from './track.js';

const GROUPS = [
  ['brows', /^brow/], ['eyes', /^eye/], ['cheeks and nose', /^(cheek|nose)/], ['jaw', /^jaw/],
  ['mouth', /^(mouth|tongue)/], ['other', /./],
];

export class WeightBars {
  #rows = [];
  #section;

  constructor(section) { this.#section = section; }

  // nameLists: the weight names of each source.
  follow(nameLists) {
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

  // betweens: of each source, see Track.at; null where it has none.
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

export function showFacts(list, facts) {
  list.replaceChildren(...Object.entries(facts).flatMap(
    ([name, text]) => [element('dt', name), element('dd', text)]));
}

// settings: [{name, value, low, high, fixed, hint}]; change(name, value) is called with a new
// number.
export function showSettings(section, settings, change) {
  section.hidden = !settings.length;
  // A field that is being edited must not be replaced under the hands; the newest wait.
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
