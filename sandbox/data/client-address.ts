import { BlockList, isIPv4 } from "node:net";

/**
 * The public address that every client of the sandbox has, so that network rules can let it in or keep it out:
 * an address for documentation, which nobody has.
 *
 * @see https://www.rfc-editor.org/rfc/rfc5737
 */
export const clientAddress = "203.0.113.10";

/** Whether one of a firewall's rules (`203.0.113.7`, `203.0.113.0/24`) names the sandbox's clients. */
export function isLetIn(rules: { value?: string }[]): boolean {
  const list = new BlockList();
  for (const { value = "" } of rules) {
    const [address = "", length = "32"] = value.split("/");
    const bits = Number(length);
    if (isIPv4(address) && Number.isInteger(bits) && bits >= 0 && bits <= 32) list.addSubnet(address, bits);
  }
  return list.check(clientAddress);
}
