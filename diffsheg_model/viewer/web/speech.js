// Speech from the page: the microphone as it comes, or a recording at once. It goes to the server
// that served the page and nowhere else.

const FILE_RATE = 16000, PIECE = 16000;
export const LONGEST_FILE_S = 600;

export class Speech {
  #connection;
  #stream = null;
  #context = null;

  constructor(connection) { this.#connection = connection; }

  get isListening() { return this.#stream !== null; }

  async listen() {
    this.#stream = await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
    this.#context = new AudioContext();
    await this.#context.audioWorklet.addModule(new URL('microphone.js', import.meta.url));
    const microphone = new AudioWorkletNode(this.#context, 'microphone', { numberOfOutputs: 0 });
    this.#begin('microphone', 'microphone', this.#context.sampleRate);
    microphone.port.onmessage = ({ data }) => { if (this.isListening) this.#connection.send(data); };
    this.#context.createMediaStreamSource(this.#stream).connect(microphone);
  }

  async stop() {
    if (!this.isListening) return;
    for (const track of this.#stream.getTracks()) track.stop();
    this.#stream = null;
    await this.#context.close();
    this.#connection.send({ type: 'speech_end' });
  }

  // Sends a recording, mixed to one channel; the server lets it be heard at its own pace.
  async play(file) {
    const decoder = new OfflineAudioContext(1, 1, FILE_RATE);
    let decoded;
    try {
      decoded = await decoder.decodeAudioData(await file.arrayBuffer());
    } catch {
      throw new Error(`${file.name} is no recording that this browser can read`);
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

  #begin(kind, name, rate) {
    this.#connection.send({ type: 'speech_begin', kind, name, rate });
  }
}
