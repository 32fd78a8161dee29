/** A GUID as the binary literal that CREATE USER takes: the first three groups are little-endian. */
export function guidToSid(guid: string): string {
  const [a = "", b = "", c = "", ...rest] = guid.split("-");
  const reversed = (hex: string) => hex.match(/../g)!.reverse().join("");
  return `0x${[reversed(a), reversed(b), reversed(c), ...rest].join("")}`.toUpperCase().replace("0X", "0x");
}
