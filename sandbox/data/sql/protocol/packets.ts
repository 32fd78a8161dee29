import type { Duplex } from "node:stream";
import { ProtocolError } from "./byte-reader";

/** @see https://learn.microsoft.com/openspecs/windows_protocols/ms-tds/9420b4a3-eb9f-4f5e-90bd-3160444aa5a7 */
export const packetType = {
  sqlBatch: 0x01,
  rpc: 0x03,
  tabularResult: 0x04,
  attention: 0x06,
  bulkLoad: 0x07,
  fedAuthToken: 0x08,
  transactionManager: 0x0e,
  login7: 0x10,
  prelogin: 0x12,
} as const;

const headerBytes = 8;
const endOfMessage = 0x01;
const resetConnectionFlags = 0x08 | 0x10;

/** What a client may put in one message: before it has logged in, enough for its token, and afterwards for its data. */
export const longestMessage = { beforeLogin: 256 * 1024, afterLogin: 8 * 1024 * 1024 };

export interface Message {
  type: number;
  /** The client takes the connection from a pool and wants its settings back to the beginning. */
  resetConnection: boolean;
  payload: Buffer;
}

/** Puts packets together into messages. */
export class MessageParser {
  private pending: Buffer = Buffer.alloc(0);
  private parts: Buffer[] = [];
  private size = 0;
  /** In bytes. */
  limit = longestMessage.beforeLogin;

  /** Whether nothing of a further message has come. */
  get isEmpty(): boolean {
    return this.pending.length === 0 && this.parts.length === 0;
  }

  /** The messages that `chunk` completes. @throws ProtocolError */
  push(chunk: Buffer): Message[] {
    this.pending = this.pending.length === 0 ? chunk : Buffer.concat([this.pending, chunk]);
    const messages: Message[] = [];
    while (this.pending.length >= headerBytes) {
      const length = this.pending.readUInt16BE(2);
      if (length < headerBytes) throw new ProtocolError("A packet is shorter than its header.");
      if (this.pending.length < length) break;
      const packet = this.pending.subarray(0, length);
      this.pending = this.pending.subarray(length);
      this.size += length - headerBytes;
      if (this.size > this.limit) throw new ProtocolError("A message is too long.");
      this.parts.push(packet.subarray(headerBytes));
      if ((packet[1]! & endOfMessage) === 0) continue;
      messages.push({
        type: packet[0]!,
        resetConnection: (packet[1]! & resetConnectionFlags) !== 0,
        payload: Buffer.concat(this.parts),
      });
      this.parts = [];
      this.size = 0;
    }
    return messages;
  }
}

/** Cuts a message into packets of at most `packetSize` bytes. */
export function toPackets(type: number, payload: Buffer, packetSize: number): Buffer {
  const packets: Buffer[] = [];
  const room = packetSize - headerBytes;
  for (let start = 0, id = 1; start < payload.length || start === 0; start += room, id++) {
    const part = payload.subarray(start, start + room);
    const header = Buffer.alloc(headerBytes);
    header.writeUInt8(type, 0);
    header.writeUInt8(start + room >= payload.length ? endOfMessage : 0, 1);
    header.writeUInt16BE(headerBytes + part.length, 2);
    header.writeUInt8(id % 256, 6);
    packets.push(header, part);
  }
  return Buffer.concat(packets);
}

/** The messages of one direction of a connection, one at a time: the next is not read before it is asked for. */
export class MessageReader {
  readonly parser = new MessageParser();
  private readonly ready: Message[] = [];
  private wake: (() => void) | undefined;
  private failure: Error | undefined;
  private ended = false;

  constructor(private readonly stream: Duplex) {
    stream.on("data", this.onData);
    stream.on("end", this.onEnd);
    stream.on("close", this.onEnd);
    stream.on("error", this.onEnd);
  }

  private readonly onData = (chunk: Buffer) => {
    try {
      this.ready.push(...this.parser.push(chunk));
    } catch (error) {
      this.failure = error as Error;
    }
    if (this.ready.length > 0) this.stream.pause();
    this.wake?.();
  };

  private readonly onEnd = () => {
    this.ended = true;
    this.wake?.();
  };

  /** The next message, or undefined when the client has gone. @throws ProtocolError */
  async next(): Promise<Message | undefined> {
    for (;;) {
      const message = this.ready.shift();
      if (message) return message;
      if (this.failure) throw this.failure;
      if (this.ended) return undefined;
      this.stream.resume();
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  /** Leaves the stream to another reader. @throws ProtocolError when the client has sent more than was read */
  detach(): void {
    if (this.ready.length > 0 || !this.parser.isEmpty)
      throw new ProtocolError("The client did not wait for its answer.");
    this.stream.off("data", this.onData);
    this.stream.off("end", this.onEnd);
    this.stream.off("close", this.onEnd);
    this.stream.off("error", this.onEnd);
    this.stream.pause();
  }
}
