import { randomBytes, randomInt, randomUUID } from "node:crypto";
import { differences } from "./differences";
import type { CheckFailure, Provider, ProviderInstance } from "./provider";
import {
  isMap,
  type PropertyMap,
  type PropertyValue,
  Secret,
  secretOf,
  unknownValue,
  unwrapSecrets,
} from "./values";

interface RandomType {
  /** What the inputs are when the program does not say. */
  defaults: PropertyMap;
  /** Outputs that are computed. */
  computed: readonly string[];
  check?(inputs: PropertyMap): CheckFailure[];
  create(inputs: PropertyMap): { id: string; outputs: PropertyMap };
}

const classes = {
  lower: { characters: "abcdefghijklmnopqrstuvwxyz", enabled: "lower", minimum: "minLower" },
  upper: { characters: "ABCDEFGHIJKLMNOPQRSTUVWXYZ", enabled: "upper", minimum: "minUpper" },
  numeric: { characters: "0123456789", enabled: "numeric", minimum: "minNumeric" },
  special: { characters: "!@#$%&*()-_=+[]{}<>:?", enabled: "special", minimum: "minSpecial" },
} as const;

const stringDefaults: PropertyMap = {
  lower: true,
  upper: true,
  numeric: true,
  special: true,
  minLower: 0,
  minUpper: 0,
  minNumeric: 0,
  minSpecial: 0,
};

function charactersOf(kind: keyof typeof classes, inputs: PropertyMap): string {
  const { overrideSpecial } = inputs;
  if (kind === "special" && typeof overrideSpecial === "string" && overrideSpecial !== "")
    return overrideSpecial;
  return classes[kind].characters;
}

const kinds = Object.keys(classes) as (keyof typeof classes)[];

const drawn = (characters: string, count: number): string[] =>
  Array.from({ length: count }, () => characters[randomInt(characters.length)]!);

/** Fisher-Yates with a cryptographic generator. */
function shuffled(characters: string[]): string {
  for (let last = characters.length - 1; last > 0; last--) {
    const other = randomInt(last + 1);
    [characters[last], characters[other]] = [characters[other]!, characters[last]!];
  }
  return characters.join("");
}

/** At least the minimum of each kind, the rest from all enabled kinds, in random order. */
function randomString(inputs: PropertyMap): string {
  const required = kinds.flatMap((kind) =>
    drawn(charactersOf(kind, inputs), Number(inputs[classes[kind].minimum])),
  );
  const pool = kinds
    .filter((kind) => inputs[classes[kind].enabled] === true)
    .map((kind) => charactersOf(kind, inputs))
    .join("");
  return shuffled([...required, ...drawn(pool, Number(inputs.length) - required.length)]);
}

function checkString(inputs: PropertyMap): CheckFailure[] {
  const { length } = inputs;
  if (length === unknownValue) return [];
  if (typeof length !== "number" || !Number.isInteger(length) || length < 1) {
    return [{ property: "length", reason: "'length' must be an integer of at least 1." }];
  }
  const minimum = kinds.reduce((sum, kind) => sum + Number(inputs[classes[kind].minimum]), 0);
  if (minimum > length) {
    return [{ property: "length", reason: `'length' must be at least ${minimum}, the sum of all minimums.` }];
  }
  if (minimum < length && kinds.every((kind) => inputs[classes[kind].enabled] === false)) {
    return [{ property: "", reason: "One of 'lower', 'upper', 'numeric' and 'special' must be true." }];
  }
  return [];
}

/** @see https://www.pulumi.com/registry/packages/random/ */
const types: Record<string, RandomType> = {
  "random:index/randomPassword:RandomPassword": {
    defaults: stringDefaults,
    computed: ["result"],
    check: checkString,
    create: (inputs) => ({ id: "none", outputs: { result: new Secret(randomString(inputs)) } }),
  },
  "random:index/randomString:RandomString": {
    defaults: stringDefaults,
    computed: ["result"],
    check: checkString,
    create: (inputs) => {
      const result = randomString(inputs);
      return { id: result, outputs: { result } };
    },
  },
  "random:index/randomUuid:RandomUuid": {
    defaults: {},
    computed: ["result"],
    create: () => {
      const result = randomUUID();
      return { id: result, outputs: { result } };
    },
  },
  "random:index/randomId:RandomId": {
    defaults: {},
    computed: ["b64Std", "b64Url", "dec", "hex"],
    check: ({ byteLength }) =>
      byteLength === unknownValue || (Number.isInteger(byteLength) && Number(byteLength) >= 1)
        ? []
        : [{ property: "byteLength", reason: "'byteLength' must be an integer of at least 1." }],
    create: (inputs) => {
      const bytes = randomBytes(Number(inputs.byteLength));
      const prefix = typeof inputs.prefix === "string" ? inputs.prefix : "";
      const hex = bytes.toString("hex");
      return {
        id: bytes.toString("base64url"),
        outputs: {
          b64Std: prefix + bytes.toString("base64"),
          b64Url: prefix + bytes.toString("base64url"),
          dec: prefix + BigInt(`0x${hex}`).toString(),
          hex: prefix + hex,
        },
      };
    },
  },
};

function typeOf(token: string): RandomType {
  const type = types[token];
  if (type === undefined) throw new Error(`The sandbox does not know the resource type '${token}'.`);
  return type;
}

/** The older name of `numeric` still means it. */
function withDefaults(type: RandomType, given: PropertyMap): PropertyMap {
  const inputs = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
  if (type.defaults.numeric !== undefined && inputs.number !== undefined) inputs.numeric ??= inputs.number;
  return { ...type.defaults, ...inputs };
}

function plainInputs(inputs: PropertyMap): PropertyMap {
  const plain: PropertyValue = unwrapSecrets(inputs);
  return isMap(plain) ? plain : {};
}

const instance: ProviderInstance = {
  check: (args) => {
    const type = typeOf(args.type);
    const inputs = withDefaults(type, args.inputs);
    return { inputs, failures: type.check?.(plainInputs(inputs)) ?? [] };
  },
  // Nothing that was drawn can be changed: every change of the inputs draws anew.
  diff: (args) => ({
    changes: differences(args.oldInputs, args.inputs).map((change) => ({ ...change, replaces: true })),
    deleteBeforeReplace: false,
  }),
  create: async (args) => {
    const type = typeOf(args.type);
    if (!args.preview) {
      const { id, outputs } = type.create(plainInputs(args.inputs));
      return { id, outputs: { ...args.inputs, ...outputs } };
    }
    const secret = args.type.endsWith(":RandomPassword");
    const hidden = type.computed.map(
      (name) => [name, secret ? secretOf(unknownValue) : unknownValue] as const,
    );
    return { id: "", outputs: { ...args.inputs, ...Object.fromEntries(hidden) } };
  },
  read: async (args) => {
    if (args.oldInputs === undefined) throw new Error(`Values of '${args.type}' cannot be imported.`);
    return { id: args.id, inputs: args.oldInputs, outputs: args.oldOutputs };
  },
  update: async (args) => ({ ...args.oldOutputs, ...args.inputs }),
  delete: async () => {},
};

/** A stand-in for the random provider: passwords, strings, UUIDs and ids from the machine's own generator. */
export function createRandomProvider(): Provider {
  return { name: "random", version: "4.21.2", configure: async () => instance };
}
