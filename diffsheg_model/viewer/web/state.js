// What the page knows: the figures and their motion, the position in a clip, the avatar's status.

import { Track } from './track.js';

export class State {
  // 'live', 'clip' or 'render'; empty before the greeting.
  mode = '';
  // The figures, one or two: {name, weightNames, jointNames, jawOpen (index of that weight, or -1),
  // face: Track, body: Track, figure (null until it is loaded), received, receivedHz}.
  sources = [];
  // In mode 'clip': {durationS, playing, startS (server's time of the clip's beginning while it
  // plays), positionS (position while it is paused)}. Otherwise null.
  clip = null;
  // The avatar's newest status message; see LiveShow.status.
  status = {};

  // Takes a greeting, which replaces the figures.
  greet(message) {
    this.mode = message.mode;
    this.clip = this.mode === 'clip'
      ? { durationS: message.duration_s, playing: false, startS: 0, positionS: 0 } : null;
    this.sources = message.sources.map(
      ({ name, weight_names: weightNames, joint_names: jointNames }) => ({
        name, weightNames, jointNames, jawOpen: weightNames.indexOf('jawOpen'),
        face: new Track(), body: new Track(), figure: null, received: 0, receivedHz: 0,
      }));
  }

  // Takes a message that the clip plays or pauses from now on.
  setPlaying({ type, start_s: startS, position_s: positionS }) {
    Object.assign(this.clip, { playing: type === 'playing', startS, positionS });
  }

  addFace(source, timeS, weights) {
    source.face.add(timeS, weights);
    source.received += 1;
  }

  clearMotion() { for (const { face, body } of this.sources) { face.clear(); body.clear(); } }

  // Updates receivedHz of every source; seconds: the time since the last call.
  measureRates(seconds) {
    for (const source of this.sources) {
      source.receivedHz = source.received / seconds;
      source.received = 0;
    }
  }

  // The position in the clip, seconds, when the server's time timeS is shown.
  clipPositionS(timeS) {
    const { playing, startS, positionS, durationS } = this.clip;
    return playing ? Math.min(durationS, Math.max(0, timeS - startS)) : positionS;
  }

  // Puts every figure into its pose at the server's time timeS.
  pose(timeS) {
    for (const { face, body, figure } of this.sources) {
      const weights = face.at(timeS), rotations = body.at(timeS);
      if (weights) figure?.setFace(weights);
      if (rotations) figure?.setBody(rotations);
    }
  }
}
