import { isAzureNative } from "../core/resource";
import type { ResourceRule } from "../core/rule";
import { requireSetting } from "../core/setting";

interface KeySwitch {
  /** The resource type, without `azure-native:`. */
  type: string;
  property: string;
  required: boolean;
  remedy: string;
  url: string;
}

/** Azure leaves keys on in each of these when the property is left out. */
const KEY_SWITCHES: readonly KeySwitch[] = [
  {
    type: "storage:StorageAccount",
    property: "allowSharedKeyAccess",
    required: false,
    remedy: "Set it, and give clients a role such as Storage Blob Data Reader.",
    url: "https://learn.microsoft.com/azure/storage/common/shared-key-authorization-prevent",
  },
  {
    type: "eventhub:Namespace",
    property: "disableLocalAuth",
    required: true,
    remedy: "Set it, and give clients a role such as Azure Event Hubs Data Sender.",
    url: "https://learn.microsoft.com/azure/event-hubs/authenticate-shared-access-signature#disabling-localsas-key-authentication",
  },
  {
    type: "servicebus:Namespace",
    property: "disableLocalAuth",
    required: true,
    remedy: "Set it, and give clients a role such as Azure Service Bus Data Receiver.",
    url: "https://learn.microsoft.com/azure/service-bus-messaging/disable-local-authentication",
  },
];

/** Clients of storage and messaging come with an Entra token: keys and SAS tokens are refused. */
export const noSharedKeys: ResourceRule = {
  name: "no-shared-keys",
  description: "Storage accounts, Event Hubs and Service Bus namespaces accept no shared keys.",
  url: "https://learn.microsoft.com/azure/storage/common/shared-key-authorization-prevent",
  check: (resource) =>
    KEY_SWITCHES.filter(({ type }) => isAzureNative(resource.type, type)).flatMap(
      ({ property, required, remedy, url }) => requireSetting(resource, property, required, { remedy, url }),
    ),
};
