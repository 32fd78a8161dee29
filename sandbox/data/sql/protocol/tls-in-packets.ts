import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { type SecureContext, TLSSocket } from "node:tls";
import { packetType, toPackets } from "./packets";

const packetSize = 4096;
const headerBytes = 8;
const isTlsRecord = (firstByte: number) => firstByte >= 0x14 && firstByte <= 0x17;

/**
 * TLS as TDS up to 7.4 starts it: the handshake goes in PRELOGIN packets, and what follows goes without. The first
 * byte tells which is which: 0x12 begins a packet, 0x14 to 0x17 a TLS record.
 *
 * @see https://learn.microsoft.com/openspecs/windows_protocols/ms-tds/60f56408-0188-4cd5-8b90-25c6f2423868
 */
export function startTlsInPackets(socket: Socket, secureContext: SecureContext): TLSSocket {
  let wrapped = true;
  let incoming: Buffer = Buffer.alloc(0);
  let outgoing: Buffer[] = [];

  // A flight of the handshake is written in several pieces, and the client expects it in one message.
  const sendFlight = () => {
    const flight = Buffer.concat(outgoing);
    outgoing = [];
    if (flight.length > 0)
      socket.write(wrapped ? toPackets(packetType.prelogin, flight, packetSize) : flight);
  };

  const channel = new Duplex({
    read: () => socket.resume(),
    write: (chunk: Buffer, _encoding, done) => {
      if (!wrapped) {
        socket.write(chunk, () => done());
        return;
      }
      if (outgoing.length === 0) setImmediate(sendFlight);
      outgoing.push(chunk);
      done();
    },
    final: (done) => {
      socket.end();
      done();
    },
    destroy: (error, done) => {
      socket.destroy();
      done(error);
    },
  });

  socket.on("data", (chunk: Buffer) => {
    if (!wrapped) {
      if (!channel.push(chunk)) socket.pause();
      return;
    }
    incoming = Buffer.concat([incoming, chunk]);
    while (incoming.length > 0 && wrapped) {
      if (incoming[0] !== packetType.prelogin) {
        if (!isTlsRecord(incoming[0]!)) {
          channel.destroy();
          return;
        }
        wrapped = false;
        channel.push(incoming);
        return;
      }
      if (incoming.length < headerBytes) return;
      const length = incoming.readUInt16BE(2);
      if (length < headerBytes) {
        channel.destroy();
        return;
      }
      if (incoming.length < length) return;
      channel.push(incoming.subarray(headerBytes, length));
      incoming = incoming.subarray(length);
    }
  });
  socket.on("end", () => channel.push(null));
  socket.on("close", () => channel.destroy());
  socket.resume();

  return new TLSSocket(channel as Socket, { isServer: true, secureContext });
}
