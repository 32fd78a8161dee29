import type { Provider } from "../resource-type";
import { agentPool } from "./container-service-agent-pool";
import { managedCluster } from "./container-service-cluster";

export const containerService: Provider = { types: [managedCluster, agentPool] };
