import fc from "fast-check";
import { BinaryWriter } from "google-protobuf";
import { describe, expect, it } from "vitest";
import { parseProtobuf } from "../../../sandbox/kubernetes/api/protobuf";
import { ApiError } from "../../../sandbox/kubernetes/status";

type Write = (writer: BinaryWriter) => void;

const message = (write: Write): Uint8Array => {
  const writer = new BinaryWriter();
  write(writer);
  return writer.getResultBuffer();
};

/** As client-go wraps what it sends. */
function envelope(apiVersion: string, kind: string, write: Write): Buffer {
  const type = message((writer) => {
    writer.writeString(1, apiVersion);
    writer.writeString(2, kind);
  });
  const whole = message((writer) => {
    writer.writeBytes(1, type);
    writer.writeBytes(2, message(write));
  });
  return Buffer.concat([Buffer.from("k8s\0"), whole]);
}

const named = (name: string) =>
  message((writer) => {
    writer.writeString(1, name);
    writer.writeString(2, "");
    writer.writeBytes(8, new Uint8Array());
  });

describe("protobuf", () => {
  it("reads a TokenRequest", () => {
    const body = envelope("authentication.k8s.io/v1", "TokenRequest", (writer) => {
      writer.writeBytes(1, named(""));
      const spec = message((inner) => {
        inner.writeString(1, "api://AzureADTokenExchange");
        inner.writeInt64(4, 3600);
      });
      writer.writeBytes(2, spec);
    });
    expect(parseProtobuf(body)).toEqual({
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { audiences: ["api://AzureADTokenExchange"], expirationSeconds: 3600 },
    });
  });

  it("reads maps, bytes, and a zero that was meant", () => {
    const entry = (key: string, value: Uint8Array) =>
      message((writer) => {
        writer.writeString(1, key);
        writer.writeBytes(2, value);
      });
    const secret = envelope("v1", "Secret", (writer) => {
      writer.writeBytes(1, named("s"));
      writer.writeBytes(2, entry("k", Buffer.from("v")));
    });
    expect(parseProtobuf(secret)).toEqual({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "s" },
      data: { k: "dg==" },
    });
    const deployment = envelope("apps/v1", "Deployment", (writer) => {
      writer.writeBytes(
        2,
        message((spec) => spec.writeInt32(1, 0)),
      );
    });
    expect(parseProtobuf(deployment)).toMatchObject({ spec: { replicas: 0 } });
  });

  it("refuses everything else with a Status, and never breaks", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, wrapped) => {
        const body = wrapped ? Buffer.concat([Buffer.from("k8s\0"), bytes]) : Buffer.from(bytes);
        expect(() => parseProtobuf(body)).toThrow(ApiError);
      }),
    );
  });

  it("refuses a damaged object", () => {
    const whole = envelope("v1", "ConfigMap", (writer) => writer.writeBytes(1, named("c")));
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (index, byte) => {
        const damaged = Buffer.from(whole);
        damaged[index] = byte;
        try {
          parseProtobuf(damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(ApiError);
        }
      }),
    );
  });
});
