import { createHash } from "node:crypto";
import type { Cause } from "./status";

/** @see https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ */
const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const label1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const qualifiedName = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const configKey = /^[-._a-zA-Z0-9]+$/;

const labelText =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const label1035Text =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const subdomainText =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const qualifiedText =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const valueText =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/** How a name may look: what it is called after, its pattern, length in characters and explanation. */
type Rule = "label" | "label1035" | "subdomain" | "pathSegment";

export const required = (field: string, what = ""): Cause => ({
  reason: "FieldValueRequired",
  message: `Required value${what && `: ${what}`}`,
  field,
});

export const invalidValue = (field: string, value: unknown, why: string): Cause => ({
  reason: "FieldValueInvalid",
  message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
  field,
});

export const unsupported = (field: string, value: unknown, allowed: readonly string[]): Cause => ({
  reason: "FieldValueNotSupported",
  message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${allowed.map((one) => `"${one}"`).join(", ")}`,
  field,
});

export const duplicate = (field: string, value: unknown): Cause => ({
  reason: "FieldValueDuplicate",
  message: `Duplicate value: ${JSON.stringify(value)}`,
  field,
});

export function checkName(field: string, name: unknown, rule: Rule): Cause[] {
  if (name === undefined || name === null || name === "") {
    return [required(field, field === "metadata.name" ? "name or generateName is required" : "")];
  }
  if (typeof name !== "string") return [invalidValue(field, name, "must be a string")];
  const longest = rule === "subdomain" || rule === "pathSegment" ? 253 : 63;
  const causes =
    name.length > longest ? [invalidValue(field, name, `must be no more than ${longest} characters`)] : [];
  if (rule === "label" && !label.test(name)) causes.push(invalidValue(field, name, labelText));
  if (rule === "label1035" && !label1035.test(name)) causes.push(invalidValue(field, name, label1035Text));
  if (rule === "subdomain" && !subdomain.test(name)) causes.push(invalidValue(field, name, subdomainText));
  if (rule === "pathSegment" && (/[/%]/.test(name) || name === "." || name === "..")) {
    causes.push(invalidValue(field, name, "may not be '.' or '..' and may not contain '/' or '%'"));
  }
  return causes;
}

function checkQualified(field: string, key: string): Cause[] {
  const [name = "", prefix] = key.split("/").reverse();
  const causes: Cause[] = [];
  if (name.length > 63) causes.push(invalidValue(field, key, "name part must be no more than 63 characters"));
  if (!qualifiedName.test(name)) causes.push(invalidValue(field, key, qualifiedText));
  if (prefix !== undefined && !subdomain.test(prefix)) {
    causes.push(invalidValue(field, key, `prefix part ${subdomainText}`));
  }
  return causes;
}

export function checkLabels(field: string, labels: unknown): Cause[] {
  return Object.entries((labels ?? {}) as object).flatMap(([key, value]) => {
    const causes = checkQualified(field, key);
    if (typeof value !== "string") return [...causes, invalidValue(field, value, "must be a string")];
    if (value.length > 63) causes.push(invalidValue(field, value, "must be no more than 63 characters"));
    if (value !== "" && !qualifiedName.test(value)) causes.push(invalidValue(field, value, valueText));
    return causes;
  });
}

/** All annotations together take at most 256 KiB. */
export function checkAnnotations(field: string, annotations: unknown): Cause[] {
  const entries = Object.entries((annotations ?? {}) as object);
  const size = entries.reduce((sum, [key, value]) => sum + key.length + String(value).length, 0);
  const causes = entries.flatMap(([key, value]) => [
    ...checkQualified(field, key.toLowerCase()),
    ...(typeof value === "string" ? [] : [invalidValue(field, value, "must be a string")]),
  ]);
  return size > 262_144 ? [...causes, invalidValue(field, "", "must have at most 262144 bytes")] : causes;
}

export function checkConfigKeys(field: string, data: unknown): Cause[] {
  return Object.keys((data ?? {}) as object)
    .filter((key) => key.length > 253 || !configKey.test(key))
    .map((key) =>
      invalidValue(
        `${field}[${key}]`,
        key,
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
      ),
    );
}

export function checkPort(field: string, port: unknown): Cause[] {
  if (port === undefined || port === null) return [required(field)];
  if (Number.isInteger(port) && (port as number) >= 1 && (port as number) <= 65535) return [];
  return [invalidValue(field, port, "must be between 1 and 65535, inclusive")];
}

const letters = "bcdfghjklmnpqrstvwxz2456789";

/** Random letters as Kubernetes appends to names: no vowels, nothing that looks like something else. */
export const randomSuffix = (length: number): string =>
  Array.from({ length }, () => letters[Math.floor(Math.random() * letters.length)]).join("");

/** A short text that is the same for the same value. */
export function stableHash(value: unknown): string {
  const digest = createHash("sha256").update(JSON.stringify(value)).digest();
  return Array.from(digest.subarray(0, 10), (byte) => letters[byte % letters.length]).join("");
}
