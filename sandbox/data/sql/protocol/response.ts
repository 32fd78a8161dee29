import { serverVersion } from "./prelogin";

/** An error or a message as the client sees it. */
export interface ServerMessage {
  number: number;
  state: number;
  /** Severity: up to 10 informs, from 20 the connection ends. */
  class: number;
  message: string;
}

const doneMore = 0x01;
const doneError = 0x02;
const doneCount = 0x10;
const doneAttention = 0x20;

const uint16 = (value: number) => {
  const buffer = Buffer.alloc(2);
  buffer.writeUInt16LE(value);
  return buffer;
};
const uint32 = (value: number) => {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value >>> 0);
  return buffer;
};
const shortText = (text: string) => {
  const cut = text.slice(0, 255);
  return Buffer.concat([Buffer.from([cut.length]), Buffer.from(cut, "utf16le")]);
};
const longText = (text: string) => Buffer.concat([uint16(text.length), Buffer.from(text, "utf16le")]);
const token = (id: number, body: Buffer) => Buffer.concat([Buffer.from([id]), uint16(body.length), body]);

/** Collects the tokens of a response. */
export class Response {
  private readonly tokens: Buffer[] = [];
  private failed = false;

  /** @param serverName shown with every error */
  constructor(private readonly serverName: string) {}

  add(bytes: Buffer): void {
    this.tokens.push(bytes);
  }

  message(message: ServerMessage): void {
    const isError = message.class > 10;
    if (isError) this.failed = true;
    const number = Buffer.alloc(4);
    number.writeInt32LE(message.number);
    const body = [
      number,
      Buffer.from([message.state, message.class]),
      longText(message.message.slice(0, 4000)),
      shortText(this.serverName),
      shortText(""),
      uint32(1),
    ];
    this.add(token(isError ? 0xaa : 0xab, Buffer.concat(body)));
  }

  loginAck(tdsVersion: number): void {
    const version = Buffer.alloc(4);
    version.writeUInt32BE(tdsVersion >>> 0);
    this.add(
      token(
        0xad,
        Buffer.concat([Buffer.from([1]), version, shortText("Microsoft SQL Server"), serverVersion]),
      ),
    );
  }

  environment(kind: "database" | "language" | "packetSize", value: string, old: string): void {
    const type = { database: 1, language: 2, packetSize: 4 }[kind];
    this.add(token(0xe3, Buffer.concat([Buffer.from([type]), shortText(value), shortText(old)])));
  }

  /** SQL_Latin1_General_CP1_CI_AS */
  collation(bytes: Buffer): void {
    this.add(token(0xe3, Buffer.concat([Buffer.from([7, bytes.length]), bytes, Buffer.from([0])])));
  }

  connectionReset(): void {
    this.add(token(0xe3, Buffer.from([18, 0, 0])));
  }

  /** Acknowledges the token, and that text may be UTF-8 if that was asked for. */
  fedAuthAccepted(): void {
    this.add(Buffer.concat([Buffer.from([0xae, 0x02]), uint32(0), Buffer.from([0xff])]));
  }

  /** Tells a client where to get its token and for which resource. */
  fedAuthInfo(stsUrl: string, resource: string): void {
    const values = [Buffer.from(stsUrl, "utf16le"), Buffer.from(resource, "utf16le")] as const;
    const directoryBytes = 4 + values.length * 9;
    const entry = (id: number, value: Buffer, offset: number) =>
      Buffer.concat([Buffer.from([id]), uint32(value.length), uint32(offset)]);
    const body = Buffer.concat([
      uint32(values.length),
      entry(0x01, values[0], directoryBytes),
      entry(0x02, values[1], directoryBytes + values[0].length),
      ...values,
    ]);
    this.add(Buffer.concat([Buffer.from([0xee]), uint32(body.length), body]));
  }

  returnStatus(status: number): void {
    const body = Buffer.alloc(5);
    body.writeUInt8(0x79, 0);
    body.writeInt32LE(status, 1);
    this.add(body);
  }

  /**
   * @param kind after a statement of a batch, of a procedure, or at a procedure's end
   * @param more whether further results follow
   */
  done(kind: "batch" | "inProcedure" | "procedure", more: boolean, rowCount?: number): void {
    const status =
      (more ? doneMore : 0) | (this.failed ? doneError : 0) | (rowCount === undefined ? 0 : doneCount);
    this.failed = false;
    this.doneWith({ batch: 0xfd, procedure: 0xfe, inProcedure: 0xff }[kind], status, rowCount ?? 0);
  }

  attentionAcknowledged(): void {
    this.doneWith(0xfd, doneAttention, 0);
  }

  private doneWith(id: number, status: number, rowCount: number): void {
    const body = Buffer.alloc(13);
    body.writeUInt8(id, 0);
    body.writeUInt16LE(status, 1);
    body.writeBigUInt64LE(BigInt(rowCount), 5);
    this.add(body);
  }

  toBuffer = () => Buffer.concat(this.tokens);
}
