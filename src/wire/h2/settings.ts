// The settings of both sides (RFC 9113 section 6.5).

import {
  ACK,
  ConnectionError,
  FLOW_CONTROL_ERROR,
  FRAME_BYTES_MAX,
  FRAME_HEAD_BYTES,
  PROTOCOL_ERROR,
  readUint32,
  SETTINGS,
  SETTINGS_ENABLE_PUSH,
  SETTINGS_INITIAL_WINDOW_SIZE,
  SETTINGS_MAX_CONCURRENT_STREAMS,
  SETTINGS_MAX_FRAME_SIZE,
  SETTINGS_MAX_HEADER_LIST_SIZE,
  WINDOW_BYTES_MAX,
  writeFrameHead,
  writeUint32,
} from './protocol.ts';

const SETTING_BYTES = 6;
const FRAME_BYTES_LARGEST = 2 ** 24 - 1;

/** A SETTINGS frame that says what this server allows. */
export function settingsFrame(streamsMax: number, headerBytesMax: number, streamWindowBytes: number): Buffer {
  const settings = [
    [SETTINGS_MAX_CONCURRENT_STREAMS, streamsMax],
    [SETTINGS_INITIAL_WINDOW_SIZE, streamWindowBytes],
    [SETTINGS_MAX_HEADER_LIST_SIZE, headerBytesMax],
  ] as const;
  const bytes = Buffer.alloc(FRAME_HEAD_BYTES + SETTING_BYTES * settings.length);
  let at = writeFrameHead(bytes, 0, SETTING_BYTES * settings.length, SETTINGS, 0, 0);
  for (const [id, value] of settings) {
    bytes[at + 1] = id;
    writeUint32(bytes, at + 2, value);
    at += SETTING_BYTES;
  }
  return bytes;
}

/** Says that the peer's settings hold. */
export const SETTINGS_ACK: Buffer = Buffer.of(0, 0, 0, SETTINGS, ACK, 0, 0, 0, 0);

/**
 * Reads a peer's settings, whose bytes are a multiple of six. Of those that we heed, the last initial window of streams,
 * if one is named: our headers use no table and our frames never are larger than every peer takes.
 * @throws ConnectionError where a value is not allowed (section 6.5.2).
 */
export function peerWindow(bytes: Buffer, start: number, end: number): number | undefined {
  let window: number | undefined;
  for (let at = start; at < end; at += SETTING_BYTES) {
    const id = bytes.readUInt16BE(at);
    const value = readUint32(bytes, at + 2);
    if (id === SETTINGS_ENABLE_PUSH && value > 1) throw wrong(PROTOCOL_ERROR, 'ENABLE_PUSH');
    if (id === SETTINGS_MAX_FRAME_SIZE && (value < FRAME_BYTES_MAX || value > FRAME_BYTES_LARGEST)) {
      throw wrong(PROTOCOL_ERROR, 'MAX_FRAME_SIZE');
    }
    if (id !== SETTINGS_INITIAL_WINDOW_SIZE) continue;
    if (value > WINDOW_BYTES_MAX) throw wrong(FLOW_CONTROL_ERROR, 'INITIAL_WINDOW_SIZE');
    window = value;
  }
  return window;
}

function wrong(code: number, name: string): ConnectionError {
  return new ConnectionError(code, `settings: the value of ${name} is not allowed`);
}
