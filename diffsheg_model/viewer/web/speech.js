// Sends speech to the avatar: the microphone's as it is spoken, or a recording as a whole. It goes
// only to the server of the page.

// Hz, and samples in one message, of a recording.
const FILE_RATE = 16000, PIECE = 16000;
const LONGEST_FILE_S = 600;

export class Speech {
  #connection;
  #stream = null;
  #context = null;
  #turn = 0;  // changes to cancel a microphone that is still being opened

  constructor(connection) { this.#connection = connection; }

  get isListening() { return this.#stream !== null; }

  // Opens the microphone and sends its sound; onEnd is called if the microphone is removed.
  async listen(onEnd) {
    if (!navigator.mediaDevices) {
      throw new Error('browsers allow the microphone only to pages of this machine, a tunnel, or https');
    }
    const turn = this.#turn += 1;
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
    if (turn !== this.#turn || !this.#connection.isOpen) {
      release(stream);
      return;
    }
    this.#stream = stream;
    for (const track of stream.getTracks()) track.onended = onEnd;
    try {
      await this.#send(stream);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop() {
    this.#turn += 1;
    if (!this.isListening) return;
    release(this.#stream);
    this.#stream = null;
    if (this.#connection.isOpen) this.#connection.send({ type: 'speech_end' });
    await this.#context?.close();
  }

  // Sends a recording, mixed to one channel; the server plays it in real time.
  async play(file) {
    await this.stop();
    const decoder = new OfflineAudioContext(1, 1, FILE_RATE);
    let decoded;
    try {
      decoded = await decoder.decodeAudioData(await file.arrayBuffer());
    } catch {
      throw new Error(`${file.name} is not a recording that this browser can read`);
    }
    if (decoded.duration > LONGEST_FILE_S) {
      throw new Error(`${file.name} is longer than ${LONGEST_FILE_S / 60} minutes`);
    }
    const samples = new Float32Array(decoded.length);
    for (let channel = 0; channel < decoded.numberOfChannels; channel += 1) {
      decoded.getChannelData(channel).forEach((value, index) => {
        samples[index] += value / decoded.numberOfChannels;
      });
    }
    this.#begin('file', file.name, FILE_RATE);
    for (let first = 0; first < samples.length; first += PIECE) {
      this.#connection.send(samples.slice(first, first + PIECE).buffer);
    }
    this.#connection.send({ type: 'speech_end' });
  }

  async #send(stream) {
    const context = this.#context = new AudioContext();
    await context.audioWorklet.addModule(new URL('microphone.js', import.meta.url));
    if (stream !== this.#stream) return;
    const microphone = new AudioWorkletNode(context, 'microphone', { numberOfOutputs: 0 });
    this.#begin('microphone', 'microphone', context.sampleRate);
    microphone.port.onmessage = ({ data }) => {
      if (stream === this.#stream && this.#connection.isOpen) this.#connection.send(data);
    };
    context.createMediaStreamSource(stream).connect(microphone);
  }

  #begin(kind, name, rate) {
    this.#connection.send({ type: 'speech_begin', kind, name, rate });
  }
}

function release(stream) {
  for (const track of stream.getTracks()) {
    track.onended = null;
    track.stop();
  }
}
