/** The client sent something that is not TDS, or not as the specification has it. The connection ends. */
export class ProtocolError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ProtocolError";
  }
}

/** Reads a message from its beginning to its end, and never past it. */
export class ByteReader {
  private position = 0;

  constructor(private readonly buffer: Buffer) {}

  get left(): number {
    return this.buffer.length - this.position;
  }

  /** The next `length` bytes. @throws ProtocolError when there are fewer */
  bytes(length: number): Buffer {
    if (length < 0 || length > this.left) throw new ProtocolError("The message ends too early.");
    const start = this.position;
    this.position += length;
    return this.buffer.subarray(start, this.position);
  }

  /** `length` bytes from `offset`, counted from the beginning; the position stays. */
  at(offset: number, length: number): Buffer {
    if (offset < 0 || length < 0 || offset + length > this.buffer.length) {
      throw new ProtocolError("An offset in the message points outside of it.");
    }
    return this.buffer.subarray(offset, offset + length);
  }

  uint8 = () => this.bytes(1).readUInt8();
  uint16 = () => this.bytes(2).readUInt16LE();
  uint32 = () => this.bytes(4).readUInt32LE();
  int32 = () => this.bytes(4).readInt32LE();
  uint64 = () => this.bytes(8).readBigUInt64LE();

  /** Text in UTF-16 with its length before it, in one byte. */
  shortText = () => this.text(this.uint8());
  /** `length` characters of UTF-16. */
  text = (length: number) => this.bytes(length * 2).toString("utf16le");
}
