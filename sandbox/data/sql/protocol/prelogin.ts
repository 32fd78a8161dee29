import { ByteReader, ProtocolError } from "./byte-reader";

const option = {
  version: 0x00,
  encryption: 0x01,
  instance: 0x02,
  threadId: 0x03,
  mars: 0x04,
  fedAuthRequired: 0x06,
};
const terminator = 0xff;

/** ENCRYPT_REQ: Azure SQL Database never speaks in the clear. */
const encryptionRequired = 0x03;
/** What a server says whose TLS is outermost already. */
const encryptionNotSupported = 0x02;

/** 12.0.2000.8, which is what Azure SQL Database calls itself. */
export const serverVersion = Buffer.from([12, 0, 0x07, 0xd0]);

/** Checks that a message is a PRELOGIN; nothing in it changes the answer. @throws ProtocolError */
export function checkPrelogin(payload: Buffer): void {
  const reader = new ByteReader(payload);
  for (let seen = 0; ; seen++) {
    const token = reader.uint8();
    if (token === terminator) return;
    if (seen > 32) throw new ProtocolError("PRELOGIN has too many options.");
    const place = reader.bytes(4);
    reader.at(place.readUInt16BE(0), place.readUInt16BE(2));
  }
}

/**
 * The server's PRELOGIN: tokens are taken, and encryption is required.
 * @see https://learn.microsoft.com/openspecs/windows_protocols/ms-tds/60f56408-0188-4cd5-8b90-25c6f2423868
 */
export function preloginResponse(alreadyEncrypted: boolean): Buffer {
  const options: [number, Buffer][] = [
    [option.version, Buffer.concat([serverVersion, Buffer.from([0, 8])])],
    [option.encryption, Buffer.from([alreadyEncrypted ? encryptionNotSupported : encryptionRequired])],
    [option.instance, Buffer.from([0])],
    [option.threadId, Buffer.alloc(0)],
    [option.mars, Buffer.from([0])],
    [option.fedAuthRequired, Buffer.from([1])],
  ];
  let offset = options.length * 5 + 1;
  const directory = options.map(([token, data]) => {
    const entry = Buffer.alloc(5);
    entry.writeUInt8(token, 0);
    entry.writeUInt16BE(offset, 1);
    entry.writeUInt16BE(data.length, 3);
    offset += data.length;
    return entry;
  });
  return Buffer.concat([...directory, Buffer.from([terminator]), ...options.map(([, data]) => data)]);
}
