// Connects the parts of the page: messages from the server, drawing, numbers and controls.

import { Connection } from './connection.js';
import { DELAY_S, ShownClock } from './clock.js';
import { Controls } from './controls.js';
import { DrawingRate } from './drawing_rate.js';
import { loadFigure } from './figure.js';
import { facts, showFacts, showSettings, WeightBars } from './panel.js';
import { Sound } from './sound.js';
import { Speech } from './speech.js';
import { Stage } from './stage.js';
import { State } from './state.js';
import { StatusBar } from './status_bar.js';
import { Wave } from './wave.js';
import { BODY, FACE, SOUND, unpack } from './wire_format.js';

// Milliseconds between updates of bars and waveform, and of the list of facts.
const NUMBERS_MS = 60, FACTS_MS = 500;
const MOUTH_COLORS = ['--mouth', '--second'].map(
  (name) => getComputedStyle(document.documentElement).getPropertyValue(name));

const byId = (id) => document.getElementById(id);
const state = new State();
const statusBar = new StatusBar();
const connection = new Connection();
const stage = makeStage();
const clock = new ShownClock();
const sound = new Sound((timeS) => timeS - connection.offsetS + DELAY_S, () => {
  if (sound.isHeldBack) statusBar.notice('click anywhere to hear the sound');
  controls.update();
});
const speech = new Speech(connection);
const wave = new Wave(byId('wave'), MOUTH_COLORS);
const bars = new WeightBars(byId('weights'));
const controls = new Controls({
  state, connection, stage, sound, speech, notice: (text) => statusBar.notice(text),
});
const drawingRate = new DrawingRate();
// Promises of the figures, which the next greeting uses again.
const loading = [];
let frozenS = null;

// For tests and for the browser's console.
globalThis.viewer = {
  connection, sound, stage,
  get sources() { return state.sources; },
  get shownS() { return shownS(performance.now() / 1000); },
  get mode() { return state.mode; },
  // Shows the pose of one moment, or goes on with the motion if timeS is null.
  freeze(timeS) { frozenS = timeS; if (timeS !== null) pose(timeS); },
  onpose: null,  // called with (shownS, localS) after every pose
};

function makeStage() {
  try {
    return new Stage(byId('stage'));
  } catch (error) {
    const message = `this browser has no WebGL (${error.message})`;
    byId('state').textContent = message;
    connection.addEventListener('open', () => connection.send({ type: 'failed', message }));
    throw error;
  }
}

// The server's time that is shown at a local time; null before the server's clock is known.
function shownS(localS) {
  const nowS = connection.nowS();
  if (nowS === null) return null;
  return clock.shownS(localS + connection.offsetS, sound.heardS(localS));
}

// Messages from the server

connection.addEventListener('text', ({ detail: message }) => {
  const action = {
    greeting: onGreeting,
    playing: onPlaying,
    paused: onPlaying,
    draw: ({ time_s: timeS }) => { pose(timeS); connection.send(stage.picture()); },
    status: () => { state.status = message; showState(); },
    settings: () => showSettings(byId('settings'), message.settings,
      (name, value) => controls.setParameter(name, value)),
    stop_sound: () => sound.flush(),
    speech_over: () => controls.attempt(() => speech.stop()),
    notice: () => statusBar.notice(message.message),
    refused: () => statusBar.notice(message.message),
  }[message.type];
  action?.(message);
});
connection.addEventListener('open', showState);
connection.addEventListener('close', ({ detail: reason }) => {
  controls.attempt(() => speech.stop());
  if (reason) statusBar.notice(reason);
  showState();
});

connection.addEventListener('binary', ({ detail }) => {
  const { kind, source: index, muted, rate, timeS, values } = unpack(detail);
  const source = state.sources[index];
  if (!source) return;
  if (kind === FACE) {
    state.addFace(source, timeS, values);
    if (source.jawOpen >= 0) wave.addMouth(index, timeS, values[source.jawOpen]);
  } else if (kind === BODY) {
    source.body.add(timeS, values);
  } else if (kind === SOUND) {
    if (!muted && connection.offsetS !== null) sound.push(timeS, rate, values);
    wave.addSound(timeS, rate, values);
  }
});

function onGreeting(message) {
  clear();
  state.greet(message);
  const { mode, sources } = state;
  for (const name of ['live', 'clip', 'render']) {
    document.body.classList.toggle(name, mode === name);
  }
  if (mode === 'render') {
    stage.setSize(message.width, message.height);
    stage.setCamera(message.camera);
  }
  controls.attempt(() => loadFigures(sources));
  bars.setNames(sources.map(({ weightNames }) => weightNames));
  byId('names').replaceChildren(...(sources.length > 1 ? sources : []).map(({ name }) =>
    Object.assign(document.createElement('span'), { textContent: name })));
  showState();
}

// Gives every source its figure. Loading takes a moment, and messages do not wait for it.
async function loadFigures(sources) {
  while (loading.length < sources.length) loading.push(loadFigure());
  let figures;
  try {
    figures = await Promise.all(loading.slice(0, sources.length));
  } catch (error) {
    loading.length = 0;
    throw error;
  }
  if (sources !== state.sources) return;  // another greeting came meanwhile
  sources.forEach((source, index) => {
    source.figure = figures[index];
    source.figure.setNames(source.weightNames, source.jointNames);
  });
  stage.show(figures);
  if (state.mode === 'render') connection.send({ type: 'ready' });
  document.body.dataset.ready = 'yes';
}

function onPlaying(message) {
  clear();
  state.setPlaying(message);
  showState();
}

// Motion and sound from before a new greeting or position are not shown any more.
function clear() {
  sound.flush();
  wave.clear();
  state.clearMotion();
}

// Drawing and numbers

let numbersMs = 0, factsMs = 0;

function frame(nowMs) {
  requestAnimationFrame(frame);
  if (state.mode === 'render') return;  // draws only when the server asks for a picture
  const timeS = frozenS ?? shownS(performance.now() / 1000);
  if (timeS !== null) pose(timeS);
  if (stage.render()) drawingRate.count();
  if (nowMs - numbersMs > NUMBERS_MS && timeS !== null) {
    numbersMs = nowMs;
    bars.show(state.sources.map(({ face }) => face.at(timeS)));
    wave.draw(timeS);
    controls.updatePosition(timeS);
  }
}

function pose(timeS) {
  state.pose(timeS);
  globalThis.viewer.onpose?.(timeS, performance.now() / 1000);
}

setInterval(() => {
  const nowMs = performance.now(), seconds = (nowMs - factsMs) / 1000;
  if (seconds < FACTS_MS / 2000) return;  // browsers call at once after a call that was late
  factsMs = nowMs;
  state.measureRates(seconds);
  // Numbers and sound come first on a computer that cannot draw so much.
  const isDrawing = state.mode !== 'render' && !document.hidden;
  if (drawingRate.endInterval(seconds, isDrawing)) stage.lighten();
  showFacts(byId('facts'), facts(state, {
    drawnHz: drawingRate.hz, pageDelayS: DELAY_S, roundTripMs: connection.rttMs,
  }));
}, FACTS_MS);

function showState() {
  statusBar.show(connection.isOpen, state);
  controls.update();
}

function resize() {
  if (state.mode === 'render') return;
  stage.resize(innerWidth, innerHeight, {
    right: byId('panel').offsetWidth, bottom: document.querySelector('footer').offsetHeight,
  });
}
addEventListener('resize', resize);
for (const panel of [byId('panel'), document.querySelector('footer')]) {
  new ResizeObserver(resize).observe(panel);
}
resize();
requestAnimationFrame(frame);
