import type {
  EnforcementLevel,
  PolicyConfigSchema,
  PolicyProviderResource,
  PolicyResource,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  StackValidationPolicy,
} from "@pulumi/policy";
import { kindOf, type Properties, plainProperties, type Resource } from "./resource";

/** One thing that is wrong with one resource. */
export interface Violation {
  /** The path of the property: `properties.enableRbacAuthorization`. */
  property: string;
  /** What the property must be, to be read after "must be". */
  allowed: string;
  /** What it is now, from `shown`. */
  found: string;
  /** What to do, in a full sentence. */
  remedy: string;
  /** The reason why it is let pass all the same, where one was given. */
  accepted?: string;
  /** Microsoft's page on this, where the rule's own page is not the best one. */
  url?: string;
}

interface RuleText {
  /** Unique in the pack, kebab-case; users name it in the pack's configuration. */
  name: string;
  /** What holds when nothing is reported, in one sentence. */
  description: string;
  /** Microsoft's page on the subject. */
  url: string;
  /** @default "mandatory" */
  enforcementLevel?: EnforcementLevel;
}

/** A rule on single resources. The engine applies it to a resource's inputs before it is created or updated. */
export interface ResourceRule extends RuleText {
  check(resource: Resource): Violation[];
}

/**
 * A rule on all resources of a stack together. The engine applies it when a preview or an update ends.
 *
 * It sees outputs, so what really came out. Of resources on a cluster that is still to be created the engine
 * has none at the end of a preview, and then their inputs stand in; where there are none either, as for a
 * resource that is only read, the properties are empty.
 */
export interface StackRule<Config extends object = object> extends RuleText {
  /** What users may set for this rule in the pack's configuration. @default nothing */
  configSchema?: PolicyConfigSchema;
  check(resources: Resource[], config: Partial<Config>): { resource: Resource; violation: Violation }[];
}

/** The inputs of the resources that went by, by URN. */
export type SeenInputs = Map<string, Properties>;

/** `rule` as the policy SDK wants it. Notes in `seen` what it was shown. */
export function resourcePolicy(rule: ResourceRule, seen: SeenInputs): ResourceValidationPolicy {
  return {
    ...policyText(rule),
    validateResource: (args, reportViolation) => {
      const resource = plainResource(args);
      seen.set(resource.urn, resource.properties);
      for (const violation of rule.check(resource)) reportViolation(message(rule, resource, violation));
    },
  };
}

/** `rule` as the policy SDK wants it, with the inputs that the stack's resource policies saw. */
export function stackPolicy<Config extends object>(
  rule: StackRule<Config>,
  seen: SeenInputs,
): StackValidationPolicy {
  return {
    ...policyText(rule),
    ...(rule.configSchema && { configSchema: rule.configSchema }),
    validateStack: (args, reportViolation) => {
      const resources = args.resources.map((outputs) => {
        const resource = plainResource(outputs);
        const isEmpty = Object.keys(resource.properties).length === 0;
        return isEmpty ? { ...resource, properties: seen.get(resource.urn) ?? {} } : resource;
      });
      for (const { resource, violation } of rule.check(resources, args.getConfig<Config>()))
        reportViolation(message(rule, resource, violation), resource.urn);
    },
  };
}

/** The sentence a user reads: which resource, what is wrong, what is allowed, what to do, and where to read on. */
export function message(rule: Pick<RuleText, "url">, resource: Resource, violation: Violation): string {
  const { property, allowed, found, remedy, accepted, url = rule.url } = violation;
  const fault = accepted
    ? `'${property}' is ${found}, accepted for this reason: ${accepted}.`
    : `'${property}' must be ${allowed}, got ${found}. ${remedy}`;
  return `${kindOf(resource.type)} '${resource.name}': ${fault} See ${url}`;
}

function policyText({ name, description, url, enforcementLevel = "mandatory" }: RuleText) {
  return { name, description, url, enforcementLevel };
}

function plainResource(args: ResourceValidationArgs | PolicyResource): Resource {
  return {
    type: args.type,
    name: args.name,
    urn: args.urn,
    properties: plainProperties(args.props),
    ...(args.provider && { provider: plainProvider(args.provider) }),
  };
}

function plainProvider({ urn, props }: PolicyProviderResource) {
  return { urn, properties: plainProperties(props) };
}
