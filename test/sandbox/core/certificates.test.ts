import { webcrypto, X509Certificate } from "node:crypto";
import { readFileSync, rmSync, statSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createServer, type TlsOptions, connect as tlsConnect } from "node:tls";
import * as x509 from "@peculiar/x509";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openCertificates } from "../../../sandbox/core/certificates";
import { temporaryDirectory } from "../harness";

let directory: string;
beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** The error of a client that trusts `ca` and connects for `name`, or "accepted". */
async function handshake(options: TlsOptions, ca: string, name: string): Promise<string> {
  const server = createServer(options).on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const outcome = await new Promise<string>((resolve) => {
    const socket = tlsConnect({ port, host: "127.0.0.1", servername: name, ca }, () => {
      socket.end();
      resolve("accepted");
    });
    socket.on("error", (error) => resolve(error.message));
  });
  server.close();
  return outcome;
}

test.each([
  "management.azure.com",
  "login.microsoftonline.com",
  "my-vault.vault.azure.net",
  "orders.blob.core.windows.net",
  "westeurope.oic.prod-aks.azure.com",
  "shop-dns-1a2b3c4d.hcp.westeurope.azmk8s.io",
])("a client that trusts the authority accepts %s", async (host) => {
  const { serverOptions, authorityPem } = await openCertificates(directory);
  expect(await handshake(serverOptions, authorityPem, host)).toBe("accepted");
});

test("there is no certificate for a name outside Azure", async () => {
  const { secureContextFor, serverOptions, authorityPem } = await openCertificates(directory);
  await expect(secureContextFor("www.example.com")).rejects.toThrow(
    "The sandbox makes certificates for Azure's names only, and 'www.example.com' is not one.",
  );
  expect(await handshake(serverOptions, authorityPem, "www.example.com")).not.toBe("accepted");
});

test("a certificate for another name that the authority's key signed is not accepted", async () => {
  const { authorityPem } = await openCertificates(directory);
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const [keyDer] = x509.PemConverter.decode(readFileSync(join(directory, "ca.key.pem"), "utf8"));
  const signingKey = await webcrypto.subtle.importKey("pkcs8", keyDer!, algorithm, true, ["sign"]);
  const leafKeys = (await webcrypto.subtle.generateKey(algorithm, true, [
    "sign",
    "verify",
  ])) as webcrypto.CryptoKeyPair;
  const forge = async (name: string) => {
    const leaf = await x509.X509CertificateGenerator.create({
      subject: "CN=forged",
      issuer: new x509.X509Certificate(authorityPem).subject,
      publicKey: leafKeys.publicKey,
      signingKey,
      signingAlgorithm: algorithm,
      extensions: [new x509.SubjectAlternativeNameExtension([{ type: "dns", value: name }])],
    });
    const key = x509.PemConverter.encode(
      await webcrypto.subtle.exportKey("pkcs8", leafKeys.privateKey),
      "PRIVATE KEY",
    );
    return { key, cert: leaf.toString("pem") };
  };
  expect(await handshake(await forge("forged.azure.com"), authorityPem, "forged.azure.com")).toBe("accepted");
  expect(await handshake(await forge("example.org"), authorityPem, "example.org")).toBe(
    "permitted subtree violation",
  );
});

test("the authority is the same after a restart, and its key is the user's alone", async () => {
  const first = await openCertificates(directory);
  const second = await openCertificates(directory);
  expect(second.authorityPem).toBe(first.authorityPem);
  expect(statSync(join(directory, "ca.key.pem")).mode & 0o777).toBe(0o600);
  expect(new X509Certificate(readFileSync(first.authorityFile)).ca).toBe(true);
});

test("the bundle holds the well-known authorities and the sandbox's", async () => {
  const { bundleFile, authorityPem } = await openCertificates(directory);
  const bundle = readFileSync(bundleFile, "utf8");
  expect(bundle).toContain(authorityPem);
  expect(bundle.match(/BEGIN CERTIFICATE/g)!.length).toBeGreaterThan(50);
});
