import { isIPv4 } from "node:net";
import { AzureError } from "../../core/azure-error";
import { type JsonObject, objectIn, textIn } from "../json";
import type { ResourceType } from "../resource-type";
import { envelope } from "./envelope";
import { invalidValue, serverType, sqlApiVersions } from "./sql-common";

const type = `${serverType}/firewallRules`;

function readAddress(properties: JsonObject, name: string): string {
  const address = textIn(properties, name);
  if (address === undefined || !isIPv4(address)) throw invalidValue(name);
  return address;
}

const asNumber = (address: string) =>
  address.split(".").reduce((number, part) => number * 256 + Number(part), 0);

/** From 0.0.0.0 to 0.0.0.0 lets all of Azure in. */
export const sqlFirewallRule: ResourceType = {
  type,
  apiVersions: sqlApiVersions,
  level: "resourceGroup",
  methods: ["PUT", "DELETE"],
  checkName: (name) => {
    if (!/^[^<>*%&:\\/?]{1,128}$/.test(name) || name.endsWith(".")) throw invalidValue("firewallRuleName");
  },
  write: (write) => {
    const properties = objectIn(write.body, "properties");
    const startIpAddress = readAddress(properties, "startIpAddress");
    const endIpAddress = readAddress(properties, "endIpAddress");
    if (asNumber(startIpAddress) > asNumber(endIpAddress)) {
      throw new AzureError(
        400,
        "InvalidFirewallRule",
        `The start address ${startIpAddress} of the firewall rule is greater than its end address ${endIpAddress}.`,
      );
    }
    return { body: envelope(write, type, { startIpAddress, endIpAddress }) };
  },
};
