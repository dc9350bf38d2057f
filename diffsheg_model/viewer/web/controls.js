// The controls: buttons, keys, inputs and dropped files, and what each one does.

import { CAMERAS, FIRST_CAMERA } from './stage.js';

// The key that presses a button, by the button's id.
const KEYS = { s: 'sound', i: 'interrupt', m: 'microphone', b: 'skeleton', p: 'fold', ' ': 'play' };

const byId = (id) => document.getElementById(id);

export class Controls {
  #state;
  #connection;
  #stage;
  #sound;
  #speech;
  #notice;

  // notice(text) is called with the message of an action that failed.
  constructor({ state, connection, stage, sound, speech, notice }) {
    this.#state = state;
    this.#connection = connection;
    this.#stage = stage;
    this.#sound = sound;
    this.#speech = speech;
    this.#notice = notice;
    this.#connectButtons();
    this.#connectInputs();
    this.#connectKeys();
    this.#addCameraButtons();
    this.#acceptDroppedFiles();
    this.#wakeSound();
  }

  // Runs an action, which may be asynchronous; if it fails, its message is shown.
  attempt(action) {
    return Promise.resolve().then(action)
      .catch((error) => this.#notice(error.message)).finally(() => this.update());
  }

  // Writes the buttons' labels as their states are now.
  update() {
    const { clip } = this.#state;
    byId('sound').classList.toggle('on', this.#sound.isOn);
    byId('sound').textContent = this.#sound.isOn ? 'Sound off' : 'Sound on';
    byId('microphone').classList.toggle('on', this.#speech.isListening);
    byId('microphone').textContent = this.#speech.isListening ? 'Stop listening' : 'Microphone';
    if (clip) {
      byId('play').textContent = clip.playing ? 'Pause' : 'Play';
      byId('position').max = clip.durationS;
    }
  }

  // Moves the slider to the position at the server's time timeS, unless the user moves it.
  updatePosition(timeS) {
    const { clip } = this.#state, slider = byId('position');
    if (clip && (clip.playing || document.activeElement !== slider)) {
      slider.value = this.#state.clipPositionS(timeS);
    }
  }

  // Asks the avatar to change one of its parameters.
  setParameter(name, value) {
    return this.attempt(() => this.#connection.send({ type: 'set', name, value }));
  }

  #connectButtons() {
    const connection = this.#connection;
    const actions = {
      sound: () => this.#sound.toggle(),
      interrupt: () => connection.send({ type: 'interrupt' }),
      microphone: () => this.#toggleMicrophone(),
      file: () => byId('chooser').click(),
      play: () => connection.send({ type: this.#state.clip?.playing ? 'pause' : 'play' }),
      skeleton: () => this.#stage.showBones(byId('skeleton').classList.toggle('on')),
      fold: () => document.body.classList.toggle('wide'),
    };
    for (const [id, action] of Object.entries(actions)) {
      byId(id).onclick = () => this.attempt(action);
    }
  }

  #toggleMicrophone() {
    if (this.#speech.isListening) return this.#speech.stop();
    return this.#speech.listen(() => this.attempt(() => this.#toggleMicrophone()));
  }

  #connectInputs() {
    const chooser = byId('chooser'), slider = byId('position');
    chooser.onchange = () => {
      const [file] = chooser.files;
      if (file) this.attempt(() => this.#speech.play(file));
      chooser.value = '';
    };
    slider.oninput = () => this.attempt(() =>
      this.#connection.send({ type: 'seek', position_s: slider.valueAsNumber }));
  }

  #connectKeys() {
    addEventListener('keydown', (event) => {
      const id = KEYS[event.key];
      if (!id || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target.matches('input[type=number]')) return;
      if (event.key === ' ' && event.target.matches('button')) return;  // presses that button
      if (!byId(id).offsetWidth) return;  // hidden in this mode
      event.preventDefault();
      byId(id).click();
    });
  }

  #addCameraButtons() {
    const cameras = byId('cameras');
    for (const name of Object.keys(CAMERAS)) {
      const button = document.createElement('button');
      Object.assign(button, { textContent: name, id: `camera-${name}` });
      button.classList.toggle('on', name === FIRST_CAMERA);
      button.onclick = () => {
        this.#stage.setCamera(name);
        for (const other of cameras.children) other.classList.toggle('on', other === button);
      };
      cameras.append(button);
    }
  }

  #acceptDroppedFiles() {
    for (const kind of ['dragover', 'dragleave', 'drop']) {
      addEventListener(kind, (event) => {
        event.preventDefault();
        const isLive = this.#state.mode === 'live';
        byId('drop').hidden = kind !== 'dragover' || !isLive;
        const [file] = kind === 'drop' ? event.dataTransfer.files : [];
        if (file && isLive) this.attempt(() => this.#speech.play(file));
      });
    }
  }

  // Browsers keep a page silent until the user touches it.
  #wakeSound() {
    for (const kind of ['pointerdown', 'keydown']) {
      addEventListener(kind, ({ target }) => {
        if (target !== byId('sound')) this.attempt(() => this.#sound.wake());
      });
    }
  }
}
