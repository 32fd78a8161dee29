/** A resource of a stack's state, as far as counting goes. */
export interface StateResource {
  type: string;
  /** Whether a provider made it; a component is there for the program's own order only. */
  custom: boolean;
}

/** What a stack holds. */
export interface ResourceCount {
  custom: number;
  components: number;
  /** How many there are of each custom type. */
  byType: Record<string, number>;
}

const stackType = "pulumi:pulumi:Stack";

/** The stack itself, which is a resource of its own state, is not counted. */
export function countResources(resources: readonly StateResource[]): ResourceCount {
  const custom = resources.filter((resource) => resource.custom);
  const components = resources.filter(({ custom: isCustom, type }) => !isCustom && type !== stackType).length;
  const byType: Record<string, number> = {};
  for (const { type } of custom) byType[type] = (byType[type] ?? 0) + 1;
  return { custom: custom.length, components, byType };
}

/** Types of which two stacks do not hold the same number: `{ "azure-native:…:Vault": 1 }` is one more in `left`. */
export function difference(left: ResourceCount, right: ResourceCount): Record<string, number> {
  const types = [...new Set([...Object.keys(left.byType), ...Object.keys(right.byType)])].sort();
  return Object.fromEntries(
    types
      .map((type) => [type, (left.byType[type] ?? 0) - (right.byType[type] ?? 0)] as const)
      .filter(([, more]) => more !== 0),
  );
}

/** Whether resources of this type are something in Azure, in a cluster, or in the random provider. */
export function isOfService(type: string): boolean {
  return /^(azure-native|kubernetes|random):/.test(type);
}
