// Pulumi runs a policy pack through a loader that type-checks every .ts file it meets, whatever
// PulumiPolicy.yaml says. This file is JavaScript, so nothing is checked until tsx has taken over.
require("tsx/cjs");

const { PolicyPack } = require("@pulumi/policy");
const { policies } = require("./index.ts");

new PolicyPack("azure-keyless", { policies, enforcementLevel: "mandatory" });
