import { ByteReader, ProtocolError } from "./byte-reader";

/** How a client means to prove who it is. */
export type FedAuth =
  /** The token comes with the login. */
  | { kind: "token"; token: string }
  /** The client asks where to get one, and sends it afterwards. */
  | { kind: "workflow" };

export interface Login {
  tdsVersion: number;
  packetSize: number;
  /** Empty for the default. */
  database: string;
  /** The name of a login with a password; empty with a token. */
  userName: string;
  fedAuth?: FedAuth;
}

const fixedBytes = 94;
const extensionFlag = 0x10;
const featureFedAuth = 0x02;
const featureTerminator = 0xff;
const librarySecurityToken = 0x01;
const libraryWorkflow = 0x02;

/** @see https://learn.microsoft.com/openspecs/windows_protocols/ms-tds/773a62b6-ee89-4c02-9e5e-344882630aac */
export function parseLogin7(payload: Buffer): Login {
  const reader = new ByteReader(payload);
  const fixed = reader.at(0, fixedBytes);
  const text = (at: number) => {
    const length = fixed.readUInt16LE(at + 2) * 2;
    return length === 0 ? "" : reader.at(fixed.readUInt16LE(at), length).toString("utf16le");
  };
  const hasExtension = (fixed.readUInt8(27) & extensionFlag) !== 0 && fixed.readUInt16LE(58) >= 4;
  const featuresAt = hasExtension ? reader.at(fixed.readUInt16LE(56), 4).readUInt32LE() : undefined;
  const fedAuth = featuresAt === undefined ? undefined : findFedAuth(payload, featuresAt);
  return {
    tdsVersion: fixed.readUInt32LE(4),
    packetSize: fixed.readUInt32LE(8),
    userName: text(40),
    database: text(68),
    ...(fedAuth ? { fedAuth } : {}),
  };
}

function findFedAuth(payload: Buffer, offset: number): FedAuth | undefined {
  if (offset > payload.length) throw new ProtocolError("The login's features are outside of it.");
  const features = new ByteReader(payload.subarray(offset));
  for (;;) {
    const id = features.uint8();
    if (id === featureTerminator) return undefined;
    const data = features.bytes(features.uint32());
    if (id === featureFedAuth) return parseFedAuth(new ByteReader(data));
  }
}

function parseFedAuth(data: ByteReader): FedAuth {
  const library = data.uint8() >> 1;
  if (library === libraryWorkflow) return { kind: "workflow" };
  if (library !== librarySecurityToken)
    throw new ProtocolError("The login's way of authentication is unknown.");
  return { kind: "token", token: data.bytes(data.uint32()).toString("utf16le") };
}

/** The message in which a client sends the token that it got meanwhile. @throws ProtocolError */
export function parseFedAuthToken(payload: Buffer): string {
  const reader = new ByteReader(payload);
  reader.uint32();
  return reader.bytes(reader.uint32()).toString("utf16le");
}
