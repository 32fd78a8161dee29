import type { Authorizer } from "../arm/authorizer";
import type { Directory } from "../entra/directory";
import type { Tokens } from "../entra/tokens";
import type { Certificates } from "./certificates";
import type { Clock } from "./clock";
import type { Faults } from "./faults";
import type { Journal } from "./journal";
import type { Network } from "./network";
import type { Store } from "./store";

/** Who and where the sandbox is: made on first start, the same ever after. */
export interface Account {
  tenantId: string;
  subscriptionId: string;
  subscriptionName: string;
  /** The principal that the engine acts as: Owner of the subscription. */
  deployer: { displayName: string; objectId: string; clientId: string };
}

/** What the parts of the sandbox share. */
export interface SandboxContext {
  readonly account: Account;
  /** Where the sandbox keeps what it remembers; a part with files of its own keeps them in a folder in it. */
  readonly dataDirectory: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly faults: Faults;
  readonly journal: Journal;
  readonly directory: Directory;
  readonly tokens: Tokens;
  readonly authorizer: Authorizer;
  readonly certificates: Certificates;
  readonly network: Network;
}
