// Puts the page together: what comes from the server, what is shown of it, what the user asks for.

import { Connection } from './connection.js';
import { DELAY_S, ShownClock } from './clock.js';
import { loadFigure } from './figure.js';
import { showFacts, showSettings, WeightBars } from './panel.js';
import { Sound } from './sound.js';
import { Speech } from './speech.js';
import { CAMERAS, FIRST_CAMERA, Stage } from './stage.js';
import { Track } from './track.js';
import { BODY, FACE, SOUND, unpack } from './wire_format.js';
import { Wave } from './wave.js';

const COLORS = ['--mouth', '--second'].map(
  (name) => getComputedStyle(document.documentElement).getPropertyValue(name));
const NUMBERS_MS = 60, FACTS_MS = 500;
const SLOW_HZ = 24;

const $ = (id) => document.getElementById(id);
const connection = new Connection();
const stage = makeStage();
const clock = new ShownClock();
const sound = new Sound((timeS) => timeS - connection.offsetS + DELAY_S, () => {
  if (sound.isHeldBack) notice('click anywhere to hear the sound');
  showButtons();
});
const speech = new Speech(connection);
const wave = new Wave($('wave'), COLORS);
const bars = new WeightBars($('weights'));

let sources = [];  // {name, weightNames, jawOpen, face: Track, body: Track, figure, received}
let mode = '';
let clip = null;  // {durationS, playing, startS, positionS}
let status = {};  // what the avatar says of itself
const loading = [];  // promises of the figures, kept from one greeting to the next
let frozenS = null;
let rendered = 0, renderedHz = 0, slowFor = 0;

function makeStage() {
  try {
    return new Stage($('stage'));
  } catch (error) {
    const message = `this browser has no WebGL (${error.message})`;
    $('state').textContent = message;
    connection.addEventListener('open', () => connection.send({ type: 'failed', message }));
    throw error;
  }
}

// What is shown now, for tests and the curious.
globalThis.viewer = {
  connection, sound, stage,
  get sources() { return sources; },
  get shownS() { return shownS(performance.now() / 1000); },
  get mode() { return mode; },
  // Stands still at a moment, or goes on at null.
  freeze(timeS) { frozenS = timeS; if (timeS !== null) pose(timeS); },
  onpose: null,  // called with (shownS, localS) after every pose
};

function shownS(localS) {
  const nowS = connection.nowS();
  if (nowS === null) return null;
  return clock.shownS(localS + connection.offsetS, sound.heardS(localS));
}

// In

connection.addEventListener('text', ({ detail: message }) => {
  const act = {
    greeting: onGreeting,
    playing: onPlay,
    paused: onPlay,
    draw: ({ time_s: timeS }) => { pose(timeS); connection.send(stage.picture()); },
    status: () => { status = message; showState(); },
    settings: () => showSettings($('settings'), message.settings,
      (name, value) => attempt(() => connection.send({ type: 'set', name, value }))),
    hush: () => sound.flush(),
    speech_over: () => attempt(() => speech.stop()),
    notice: () => notice(message.message),
    refused: () => notice(message.message),
  }[message.type];
  act?.(message);
});
connection.addEventListener('open', showState);
connection.addEventListener('close', ({ detail: why }) => {
  attempt(() => speech.stop());
  if (why) notice(why);
  showState();
});

connection.addEventListener('binary', ({ detail }) => {
  const { kind, source: index, muted, rate, timeS, values } = unpack(detail);
  const source = sources[index];
  if (!source) return;
  if (kind === FACE) {
    source.face.add(timeS, values);
    source.received += 1;
    if (source.jawOpen >= 0) wave.mouth(index, timeS, values[source.jawOpen]);
  } else if (kind === BODY) {
    source.body.add(timeS, values);
  } else if (kind === SOUND) {
    if (!muted && connection.offsetS !== null) sound.push(timeS, rate, values);
    wave.sound(timeS, rate, values);
  }
});

function onGreeting(message) {
  forget();
  mode = message.mode;
  document.body.classList.toggle('live', mode === 'live');
  document.body.classList.toggle('clip', mode === 'clip');
  document.body.classList.toggle('render', mode === 'render');
  clip = mode === 'clip' ? { durationS: message.duration_s, playing: false, positionS: 0 } : null;
  if (clip) $('position').max = clip.durationS;
  sources = message.sources.map(({ name, weight_names: weightNames, joint_names: jointNames }) => ({
    name, weightNames, jointNames, jawOpen: weightNames.indexOf('jawOpen'),
    face: new Track(), body: new Track(), figure: null, received: 0, receivedHz: 0,
  }));
  if (mode === 'render') {
    stage.fix(message.width, message.height);
    stage.look(message.camera);
  }
  attempt(() => dress(sources));
  bars.follow(sources.map(({ weightNames }) => weightNames));
  $('names').replaceChildren(...(sources.length > 1 ? sources : []).map(({ name }) =>
    Object.assign(document.createElement('span'), { textContent: name })));
  showState();
}

// Gives every source its figure. Loading takes a moment, and messages do not wait for it.
async function dress(these) {
  while (loading.length < these.length) loading.push(loadFigure());
  let figures;
  try {
    figures = await Promise.all(loading.slice(0, these.length));
  } catch (error) {
    loading.length = 0;
    throw error;
  }
  if (these !== sources) return;  // another greeting came meanwhile
  these.forEach((source, index) => {
    source.figure = figures[index];
    source.figure.follow(source.weightNames, source.jointNames);
  });
  stage.show(figures);
  if (mode === 'render') connection.send({ type: 'ready' });
  document.body.dataset.ready = 'yes';
}

function onPlay(message) {
  forget();
  Object.assign(clip, {
    playing: message.type === 'playing', startS: message.start_s, positionS: message.position_s,
  });
  $('play').textContent = clip.playing ? 'Pause' : 'Play';
  showState();
}

// What was sent before is not what comes now.
function forget() {
  sound.flush();
  wave.clear();
  for (const { face, body } of sources) { face.clear(); body.clear(); }
}

// Out

let numbersMs = 0, factsMs = 0;

function frame(nowMs) {
  requestAnimationFrame(frame);
  if (mode === 'render') return;  // draws what it is asked for, when it is
  const timeS = frozenS ?? shownS(performance.now() / 1000);
  if (timeS !== null) pose(timeS);
  if (stage.render()) rendered += 1;
  if (nowMs - numbersMs > NUMBERS_MS && timeS !== null) {
    numbersMs = nowMs;
    bars.show(sources.map(({ face }) => face.at(timeS)));
    wave.draw(timeS);
    if (clip?.playing) $('position').value = Math.min(clip.durationS, Math.max(0, timeS - clip.startS));
    else if (clip && document.activeElement !== $('position')) $('position').value = clip.positionS;
  }
}

function pose(timeS) {
  for (const { face, body, figure } of sources) {
    const faces = face.at(timeS), bodies = body.at(timeS);
    if (faces) figure?.face(faces);
    if (bodies) figure?.body(bodies);
  }
  globalThis.viewer.onpose?.(timeS, performance.now() / 1000);
}

setInterval(() => {
  const nowMs = performance.now(), seconds = (nowMs - factsMs) / 1000;
  if (seconds < FACTS_MS / 2000) return;  // one that was late is followed at once by the next
  factsMs = nowMs;
  renderedHz = rendered / seconds;
  rendered = 0;
  // Numbers and sound come first where the computer cannot draw so much.
  slowFor = mode !== 'render' && !document.hidden && renderedHz < SLOW_HZ ? slowFor + 1 : 0;
  if (slowFor >= 4) {
    slowFor = 0;
    stage.lighten();
  }
  for (const source of sources) {
    source.receivedHz = source.received / seconds;
    source.received = 0;
  }
  const values = status.values ?? {};
  const said = (name, unit = '') => (values[name] ? values[name] + unit : undefined);
  const facts = {
    received: sources.map(({ receivedHz }) => `${receivedHz.toFixed(0)}`).join(' and ') + ' Hz',
    drawn: `${renderedHz.toFixed(renderedHz < 10 ? 1 : 0)} fps`,
    'sound to motion p50': said('latency_p50_s', ' s'),
    'p95': said('latency_p95_s', ' s'),
    'playout delay': said('playout_delay_s', ' s'),
    'page delay': `${Math.round(DELAY_S * 1000)} ms`,
    'round trip': Number.isFinite(connection.rttMs) ? `${connection.rttMs.toFixed(1)} ms` : '–',
    'a window takes': said('window_p50_s', ' s'),
    engine: said('engine'),
    model: said('bundle'),
    'drops, late': values.drops ? `${values.drops}, ${values.late_windows}` : undefined,
    pages: status.clients ? `${status.clients}` : undefined,
    'lost, left out here': status.dropped || status.skipped ? `${status.dropped}, ${status.skipped}` : undefined,
  };
  showFacts($('facts'), Object.fromEntries(Object.entries(facts).filter(([, text]) => text)));
}, FACTS_MS);

function showState() {
  const on = connection.isOpen;
  $('dot').className = !on || status.level > 1 ? '' : status.level ? 'warn' : 'on';
  const live = status.state || 'waiting for the avatar';
  $('state').textContent = !on ? 'connecting' : clip ? (clip.playing ? 'playing' : 'paused') : live;
  $('utterance').textContent = clip ? sources.map(({ name }) => name).join(' · ') : status.utterance_id ?? '';
  $('warning').textContent = on && status.level ? status.message : '';
  showButtons();
}

let noticeTimer = 0;
function notice(text) {
  $('notice').textContent = text;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => { $('notice').textContent = ''; }, 6000);
}

// What the user does

function showButtons() {
  $('sound').classList.toggle('on', sound.isOn);
  $('sound').textContent = sound.isOn ? 'Sound off' : 'Sound on';
  $('microphone').classList.toggle('on', speech.isListening);
  $('microphone').textContent = speech.isListening ? 'Stop listening' : 'Microphone';
}

const clicks = {
  sound: () => sound.toggle(),
  interrupt: () => connection.send({ type: 'interrupt' }),
  microphone: () => (speech.isListening ? speech.stop() : speech.listen(() => attempt(clicks.microphone))),
  file: () => $('chooser').click(),
  play: () => connection.send({ type: clip?.playing ? 'pause' : 'play' }),
  skeleton: () => stage.bones($('skeleton').classList.toggle('on')),
  fold: () => document.body.classList.toggle('wide'),
};
const attempt = (work) => Promise.resolve().then(work)
  .catch((error) => notice(error.message)).finally(showButtons);
for (const [id, act] of Object.entries(clicks)) $(id).onclick = () => attempt(act);
// Browsers keep a page silent until it is used.
for (const kind of ['pointerdown', 'keydown']) {
  addEventListener(kind, ({ target }) => { if (target !== $('sound')) attempt(() => sound.wake()); });
}
$('chooser').onchange = () => {
  const [file] = $('chooser').files;
  if (file) attempt(() => speech.play(file));
  $('chooser').value = '';
};
$('position').oninput = () => attempt(() =>
  connection.send({ type: 'seek', position_s: $('position').valueAsNumber }));

const KEYS = { s: 'sound', i: 'interrupt', m: 'microphone', b: 'skeleton', p: 'fold', ' ': 'play' };
addEventListener('keydown', (event) => {
  const id = KEYS[event.key];
  if (!id || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches('input[type=number]')) return;
  if (event.key === ' ' && event.target.matches('button')) return;  // presses that button
  if (!$(id).offsetWidth) return;  // not shown here
  event.preventDefault();
  $(id).click();
});

for (const name of Object.keys(CAMERAS)) {
  const button = Object.assign(document.createElement('button'), { textContent: name, id: `camera-${name}` });
  button.classList.toggle('on', name === FIRST_CAMERA);
  button.onclick = () => {
    stage.look(name);
    for (const other of $('cameras').children) other.classList.toggle('on', other === button);
  };
  $('cameras').append(button);
}

for (const kind of ['dragover', 'dragleave', 'drop']) {
  addEventListener(kind, (event) => {
    event.preventDefault();
    $('drop').hidden = kind !== 'dragover' || mode !== 'live';
    const [file] = kind === 'drop' ? event.dataTransfer.files : [];
    if (file && mode === 'live') attempt(() => speech.play(file));
  });
}

function resize() {
  if (mode === 'render') return;
  stage.resize(innerWidth, innerHeight, {
    right: $('panel').offsetWidth, bottom: document.querySelector('footer').offsetHeight,
  });
}
addEventListener('resize', resize);
for (const panel of [$('panel'), document.querySelector('footer')]) {
  new ResizeObserver(resize).observe(panel);
}
resize();
requestAnimationFrame(frame);
