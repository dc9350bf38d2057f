// Reads the server's binary messages; diffsheg_model/viewer/wire_format.py states their layout.

export const FACE = 1, BODY = 2, SOUND = 3;

// Returns {kind, source, muted, rate, timeS, values}; values share the message's memory.
export function unpack(buffer) {
  const view = new DataView(buffer);
  return {
    kind: view.getUint8(0),
    source: view.getUint8(1),
    muted: view.getUint16(2, true) === 1,
    rate: view.getUint32(4, true),
    timeS: view.getFloat64(8, true),
    values: new Float32Array(buffer, 16),
  };
}
