import { randomBytes } from "node:crypto";
import { z } from "zod";
import { getResource } from "../arm/resource";
import type { Store } from "../core/store";
import type { Directory, Principal } from "./directory";

/** Where a process can run in Azure and be given an identity by its surroundings. */
export const machineKinds = ["virtualMachine", "appService", "cloudShell"] as const;
export type MachineKind = (typeof machineKinds)[number];

/** What a machine is registered with. */
export const machineRegistration = z.strictObject({
  kind: z.enum(machineKinds),
  /** The ARM id of the virtual machine, the site, …; where ARM knows it, its own `identity` says what it has. */
  resourceId: z
    .string()
    .regex(/^\/subscriptions\/[^/]+\/.+/, "must be an ARM resource id")
    .max(1000),
  /** For a resource that ARM does not know: whether it has a system-assigned identity. */
  systemAssigned: z.boolean().default(false),
  /** For a resource that ARM does not know: the ids of its user-assigned identities. */
  userAssigned: z.array(z.string().max(1000)).max(100).default([]),
});
export type MachineRegistration = z.infer<typeof machineRegistration>;

/** A simulated machine: who knows its key is a process on it. */
export interface Machine extends MachineRegistration {
  key: string;
}

/** The identities that a machine can become. */
export interface MachineIdentities {
  systemAssigned?: Principal;
  userAssigned: Principal[];
}

const table = "machines";

export interface Machines {
  /** Registers a machine and makes the key by which its processes are known. */
  register(registration: MachineRegistration): Machine;
  byKey(key: string): Machine | undefined;
  remove(key: string): boolean;
  identitiesOf(machine: Machine): MachineIdentities;
}

export function createMachines(store: Store, directory: Directory): Machines {
  const userAssignedPrincipal = (identityId: string): Principal[] => {
    const principalId = getResource(store, identityId)?.body.properties.principalId;
    const principal = typeof principalId === "string" ? directory.byObjectId(principalId) : undefined;
    return principal ? [principal] : [];
  };
  return {
    register: (registration) =>
      store.transaction(() => {
        const machine = { ...registration, key: randomBytes(16).toString("hex") };
        store.put(table, machine.key, machine);
        const known = getResource(store, machine.resourceId) !== undefined;
        if (machine.systemAssigned && !known && !systemPrincipal(store, directory, machine)) {
          const displayName = machine.resourceId.split("/").at(-1) ?? "machine";
          const principal = directory.createManagedIdentity({ displayName, resourceId: machine.resourceId });
          store.put(`${table}Identities`, machine.resourceId.toLowerCase(), principal.objectId);
        }
        return machine;
      }),
    byKey: (key) => store.get(table, key),
    remove: (key) => store.remove(table, key),
    identitiesOf: (machine) => {
      const resource = getResource(store, machine.resourceId);
      const identity = resource?.body.identity as ArmIdentity | undefined;
      const system = resource
        ? identity?.principalId && directory.byObjectId(identity.principalId)
        : systemPrincipal(store, directory, machine);
      const userAssigned = resource
        ? Object.keys(identity?.userAssignedIdentities ?? {})
        : machine.userAssigned;
      return {
        ...(system ? { systemAssigned: system } : {}),
        userAssigned: userAssigned.flatMap(userAssignedPrincipal),
      };
    },
  };
}

/** The `identity` part of an ARM resource. */
interface ArmIdentity {
  principalId?: string;
  userAssignedIdentities?: Record<string, unknown>;
}

function systemPrincipal(store: Store, directory: Directory, machine: Machine): Principal | undefined {
  if (!machine.systemAssigned) return undefined;
  const objectId = store.get<string>(`${table}Identities`, machine.resourceId.toLowerCase());
  return objectId === undefined ? undefined : directory.byObjectId(objectId);
}
