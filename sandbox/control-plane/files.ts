import { generateKeyPairSync } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { writePrivateFile } from "../core/environment-file";
import { type Authority, createAuthority, type KeyPair } from "./authority";

/** The files of a control plane, in a directory that its user alone can read. */
export interface ControlPlaneFiles {
  /** Of a program's output. */
  log(program: string): string;
  readonly etcdData: string;
  /** The key that signs ServiceAccount tokens. It stays as long as the cluster, and the tokens with it. */
  readonly serviceAccountKey: string;
  /** Writes a key pair as `<name>.key` and `<name>.crt`. @returns their paths */
  pair(name: string, pair: KeyPair): { key: string; certificate: string };
  /** Writes any other file. @returns its path */
  write(name: string, content: string): string;
}

/** @param directory of one cluster, for as long as it exists */
export function openFiles(directory: string): ControlPlaneFiles {
  mkdirSync(join(directory, "log"), { recursive: true, mode: 0o700 });
  const write = (name: string, content: string) => {
    const path = join(directory, name);
    writePrivateFile(path, content);
    return path;
  };
  const serviceAccountKey = join(directory, "service-account.key");
  if (!existsSync(serviceAccountKey)) {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    writePrivateFile(serviceAccountKey, String(privateKey.export({ type: "pkcs8", format: "pem" })));
  }
  return {
    log: (program) => join(directory, "log", `${program}.log`),
    etcdData: join(directory, "etcd"),
    serviceAccountKey,
    pair: (name, { key, certificate }) => ({
      key: write(`${name}.key`, key),
      certificate: write(`${name}.crt`, certificate),
    }),
    write,
  };
}

/** Who trusts whom in one control plane. */
export interface Trust {
  /** Vouches for the API server, its users, and the webhook that it calls. */
  cluster: Authority;
  /** Vouches for what stands behind the API server, and for the API server before it. */
  backend: Authority;
}

export const createTrust = async (): Promise<Trust> => ({
  cluster: await createAuthority("kubernetes"),
  backend: await createAuthority("kubernetes-backend"),
});

/** A kubeconfig that leads a program to one server. */
export function kubeconfig(server: string, authority: string, { key, certificate }: KeyPair): string {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "it", cluster: { server, "certificate-authority-data": base64(authority) } }],
    users: [
      {
        name: "self",
        user: { "client-certificate-data": base64(certificate), "client-key-data": base64(key) },
      },
    ],
    contexts: [{ name: "it", context: { cluster: "it", user: "self" } }],
    "current-context": "it",
  });
}
