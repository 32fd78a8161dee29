import * as pulumi from "@pulumi/pulumi";
import { describeProblems, parseEnvironment } from "./config";
import { createEnvironment } from "./environment";

const config = new pulumi.Config();
const parsed = parseEnvironment(config.requireObject("environment"));
if (!parsed.ok) throw new pulumi.RunError(describeProblems(pulumi.getStack(), parsed.problems));

module.exports = createEnvironment(parsed.environment);
