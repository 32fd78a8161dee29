// Pulumi runs a policy pack through a loader that type-checks every .ts file it meets, whatever
// PulumiPolicy.yaml says. This file is JavaScript, so nothing is checked until sucrase has taken over.
delete require.extensions[".ts"];
require("sucrase/register/ts");

const { PolicyPack } = require("@pulumi/policy");
const { policies } = require("./index.ts");

new PolicyPack("azure-keyless", { policies, enforcementLevel: "mandatory" });
