/**
 * What stands inside a decrypted data packet: LiveKit's `EncryptedPacketPayload { user = 1 { payload = 2 } }`. Only this form is
 * read: livekit-client's other uses of data (its chat, calls, streams, transcriptions) have no way in.
 */

const USER = 1;
const PAYLOAD = 2;
const LENGTH_DELIMITED = 2;
const MAX_VARINT_BYTES = 5;

/** The bytes that a seat published; undefined for any other packet. */
export const userPayload = (packet: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | undefined => {
  const user = field(packet, USER);
  return user === undefined ? undefined : field(user, PAYLOAD);
};

/** The last length-delimited field of this number; undefined when there is none or the bytes are no message. */
const field = (message: Uint8Array<ArrayBuffer>, wanted: number): Uint8Array<ArrayBuffer> | undefined => {
  const reader = new Reader(message);
  let found: Uint8Array<ArrayBuffer> | undefined;
  while (!reader.isAtEnd) {
    const tag = reader.varint();
    if (tag === undefined) return undefined;
    const value = (tag & 7) === LENGTH_DELIMITED ? reader.bytes() : undefined;
    if (value === undefined && !((tag & 7) === 0 && reader.varint() !== undefined)) return undefined;
    if (value !== undefined && tag >>> 3 === wanted) found = value;
  }
  return found;
};

class Reader {
  #at = 0;
  constructor(private readonly source: Uint8Array<ArrayBuffer>) {}

  get isAtEnd(): boolean {
    return this.#at >= this.source.length;
  }

  varint(): number | undefined {
    let value = 0;
    for (let place = 0; place < MAX_VARINT_BYTES; place++) {
      const byte = this.source[this.#at++];
      if (byte === undefined) return undefined;
      value += (byte & 0x7f) * 2 ** (7 * place);
      if (byte < 0x80) return value;
    }
    return undefined;
  }

  bytes(): Uint8Array<ArrayBuffer> | undefined {
    const length = this.varint();
    if (length === undefined || this.#at + length > this.source.length) return undefined;
    this.#at += length;
    return this.source.subarray(this.#at - length, this.#at);
  }
}
