import { webcrypto } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createSecureContext, rootCertificates, type SecureContext, type TlsOptions } from "node:tls";
import { AsnConvert } from "@peculiar/asn1-schema";
import {
  GeneralName,
  GeneralSubtree,
  GeneralSubtrees,
  id_ce_nameConstraints,
  NameConstraints,
} from "@peculiar/asn1-x509";
import * as x509 from "@peculiar/x509";
import { azureDomains } from "./azure-hosts";

type CryptoKey = webcrypto.CryptoKey;
type CryptoKeyPair = webcrypto.CryptoKeyPair;
const crypto = webcrypto;
x509.cryptoProvider.set(webcrypto);

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const dayMs = 24 * 60 * 60 * 1000;
const authorityLifetimeMs = 3650 * dayMs;
/** Some clients refuse server certificates that are valid for longer than 397 days. */
const leafLifetimeMs = 90 * dayMs;
/** Names are asked for by anybody who connects, so the cache of their certificates is bounded. */
const cachedHosts = 2000;

/** The sandbox's certificate authority and the certificates that it makes for Azure's names. */
export interface Certificates {
  /** The authority's certificate, in PEM: what a client must trust. */
  readonly authorityPem: string;
  /** A file with the authority's certificate alone, for settings that add to the known ones (NODE_EXTRA_CA_CERTS). */
  readonly authorityFile: string;
  /** A file with the well-known authorities and the sandbox's, for settings that replace them (SSL_CERT_FILE). */
  readonly bundleFile: string;
  /** Key and certificate for `host`, ready for a TLS server. @throws when `host` is outside {@link azureDomains} */
  secureContextFor(host: string): Promise<SecureContext>;
  /** What a TLS server needs to answer for every one of Azure's names, chosen by the name the client asks for. */
  readonly serverOptions: TlsOptions;
}

interface Authority {
  certificate: x509.X509Certificate;
  key: CryptoKey;
}

/**
 * Opens the certificate authority in `directory`, or makes it on first start. Its key is readable by the user
 * alone and can vouch for names in {@link azureDomains} only.
 */
export async function openCertificates(directory: string): Promise<Certificates> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const authority = await openAuthority(directory);
  const authorityPem = authority.certificate.toString("pem");
  const authorityFile = join(directory, "ca.pem");
  const bundleFile = join(directory, "ca-bundle.pem");
  writeWhole(authorityFile, `${authorityPem}\n`, 0o644);
  writeWhole(bundleFile, `${[...rootCertificates, authorityPem].join("\n")}\n`, 0o644);

  const leafKeys = (await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as CryptoKeyPair;
  const leafKeyPem = await exportKey(leafKeys.privateKey);
  const contexts = new Map<string, { context: Promise<SecureContext>; renewAt: number }>();

  const secureContextFor = (host: string): Promise<SecureContext> => {
    const known = contexts.get(host);
    if (known && Date.now() < known.renewAt) return known.context;
    if (contexts.size >= cachedHosts) contexts.clear();
    const context = issueLeaf(authority, leafKeys.publicKey, host).then((certificate) =>
      createSecureContext({ key: leafKeyPem, cert: `${certificate.toString("pem")}\n${authorityPem}` }),
    );
    contexts.set(host, { context, renewAt: Date.now() + leafLifetimeMs / 2 });
    context.catch(() => contexts.delete(host));
    return context;
  };

  const defaultLeaf = await issueLeaf(authority, leafKeys.publicKey, "sandbox.test");
  return {
    authorityPem,
    authorityFile,
    bundleFile,
    secureContextFor,
    serverOptions: {
      key: leafKeyPem,
      cert: `${defaultLeaf.toString("pem")}\n${authorityPem}`,
      SNICallback: (host, done) => {
        secureContextFor(host.toLowerCase()).then(
          (context) => done(null, context),
          (error: Error) => done(error),
        );
      },
    },
  };
}

async function openAuthority(directory: string): Promise<Authority> {
  const file = join(directory, "ca.key.pem");
  if (existsSync(file)) {
    const [key, certificate] = readFileSync(file, "utf8").split(/(?=-----BEGIN CERTIFICATE-----)/);
    if (key && certificate) {
      const authority = { certificate: new x509.X509Certificate(certificate), key: await importKey(key) };
      if (authority.certificate.notAfter.getTime() > Date.now() + leafLifetimeMs) return authority;
    }
  }
  const keys = (await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as CryptoKeyPair;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=Azure sandbox on this machine, OU=${new Date().toISOString().slice(0, 10)}`,
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() - dayMs),
    notAfter: new Date(Date.now() + authorityLifetimeMs),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      azureNamesOnly(),
    ],
  });
  // Key and certificate in one file, so that one cannot be replaced without the other.
  writeWhole(file, `${await exportKey(keys.privateKey)}\n${certificate.toString("pem")}\n`, 0o600);
  return { certificate, key: keys.privateKey };
}

/** The X.509 name constraint (RFC 5280, 4.2.1.10): a key that leaks cannot be used against any other site. */
function azureNamesOnly(): x509.Extension {
  const permittedSubtrees = new GeneralSubtrees(
    azureDomains.map((domain) => new GeneralSubtree({ base: new GeneralName({ dNSName: domain }) })),
  );
  return new x509.Extension(
    id_ce_nameConstraints,
    true,
    AsnConvert.serialize(new NameConstraints({ permittedSubtrees })),
  );
}

async function issueLeaf(
  authority: Authority,
  publicKey: CryptoKey,
  host: string,
): Promise<x509.X509Certificate> {
  if (!azureDomains.some((domain) => host === domain || host.endsWith(`.${domain}`))) {
    throw new Error(`The sandbox makes certificates for Azure's names only, and '${host}' is not one.`);
  }
  return x509.X509CertificateGenerator.create({
    // A common name holds 64 characters, fewer than some of Azure's hosts have; the alternative name is what counts.
    subject: "CN=Azure sandbox",
    issuer: authority.certificate.subject,
    publicKey,
    signingKey: authority.key,
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() - dayMs),
    notAfter: new Date(Date.now() + leafLifetimeMs),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([{ type: "dns", value: host }]),
      await x509.AuthorityKeyIdentifierExtension.create(authority.certificate.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
    ],
  });
}

async function exportKey(key: CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await crypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY");
}

async function importKey(pem: string): Promise<CryptoKey> {
  const [der] = x509.PemConverter.decode(pem);
  return crypto.subtle.importKey("pkcs8", der!, algorithm, true, ["sign"]);
}

/** Writes a file so that nobody ever sees half of it. */
function writeWhole(path: string, content: string, mode: number): void {
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, content, { mode });
  renameSync(temporary, path);
}
