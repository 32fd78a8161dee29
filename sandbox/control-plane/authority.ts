import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

x509.cryptoProvider.set(webcrypto);

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const dayMs = 24 * 60 * 60 * 1000;
/** Nobody renews what an authority issues: it is made anew whenever its control plane starts. */
const lifetimeMs = 3650 * dayMs;

/** Key and certificate in PEM. */
export interface KeyPair {
  key: string;
  certificate: string;
}

/** A certificate authority that one control plane's own programs trust; its key is in memory alone. */
export interface Authority {
  /** In PEM. */
  readonly certificate: string;
  /** A pair for a server on loopback. */
  server(): Promise<KeyPair>;
  /** A pair with which a client is the Kubernetes user `name`, and in `group`. */
  client(name: string, group?: string): Promise<KeyPair>;
}

export async function createAuthority(name: string): Promise<Authority> {
  const keys = await generateKeys();
  const validity = () => ({
    notBefore: new Date(Date.now() - dayMs),
    notAfter: new Date(Date.now() + lifetimeMs),
  });
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: algorithm,
    ...validity(),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });

  const issue = async (subject: x509.JsonName, usages: string[], names: x509.JsonGeneralNames) => {
    const pair = await generateKeys();
    const certificate = await x509.X509CertificateGenerator.create({
      subject,
      issuer: authority.subject,
      publicKey: pair.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: algorithm,
      ...validity(),
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension(usages),
        ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
        await x509.AuthorityKeyIdentifierExtension.create(authority.publicKey),
      ],
    });
    const der = await webcrypto.subtle.exportKey("pkcs8", pair.privateKey);
    return {
      key: `${x509.PemConverter.encode(der, "PRIVATE KEY")}\n`,
      certificate: `${certificate.toString("pem")}\n`,
    };
  };
  const { clientAuth, serverAuth } = x509.ExtendedKeyUsage;
  const loopback: x509.JsonGeneralNames = [
    { type: "dns", value: "localhost" },
    { type: "ip", value: "127.0.0.1" },
  ];
  return {
    certificate: `${authority.toString("pem")}\n`,
    // etcd's gateway to its own API dials itself with the server's pair.
    server: () => issue([{ CN: ["localhost"] }], [serverAuth, clientAuth], loopback),
    client: (user, group) => issue([...(group ? [{ O: [group] }] : []), { CN: [user] }], [clientAuth], []),
  };
}

const generateKeys = () =>
  webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]) as Promise<webcrypto.CryptoKeyPair>;
