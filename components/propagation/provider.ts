import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { TokenCredential } from "@azure/identity";
import type * as pulumi from "@pulumi/pulumi";
import type { AzureReader } from "../diagnosis/azure-reader";
import type { Explanation } from "./explain-failure";
import type { LinkFailure } from "./link-failure";
import { newProofs, type Proof, type PropagationInputs } from "./proof";

async function waitFor(proofs: Proof[], inputs: PropagationInputs): Promise<void> {
  const { method, kubeconfig, resourceUrn } = inputs;
  if (proofs.length === 0) return;
  if (method.kind === "delay") {
    await sleep(method.delaySeconds * 1000);
    return;
  }
  // Loaded when there is something to prove: no preview needs them, and they take long to load.
  const { connectCluster }: typeof import("./cluster-client") = require("./cluster-client");
  const { openEngineStatus }: typeof import("./engine-status") = require("./engine-status");
  const { proveAll }: typeof import("./prove") = require("./prove");
  const { lookAt }: typeof import("./prove-workload") = require("./prove-workload");
  const cluster = connectCluster(kubeconfig);
  const status = openEngineStatus(resourceUrn);
  try {
    await proveAll(proofs, {
      deadlineSeconds: method.deadlineSeconds,
      lookAt: (proof) => lookAt(proof, cluster, status.warn),
      explain,
      report: status.show,
    });
  } finally {
    await status.close();
  }
}

/** Loaded when something does not work: most often everything does at the first look. */
function explain(failure: LinkFailure, proof: Proof): Promise<Explanation> {
  const {
    createAzureReader,
  }: typeof import("../diagnosis/azure-reader") = require("../diagnosis/azure-reader");
  const { explainFailure }: typeof import("./explain-failure") = require("./explain-failure");
  azure ??= createAzureReader({ getToken: (scopes) => deployer().getToken(scopes) });
  return explainFailure(failure, proof, azure);
}

/** One of each for all that this process explains, because they keep tokens. */
let azure: AzureReader | undefined;
let credential: TokenCredential | undefined;

function deployer(): TokenCredential {
  const { deployerCredential }: typeof import("../dynamic/credential") = require("../dynamic/credential");
  credential ??= deployerCredential();
  return credential;
}

const outputs = ({ kubeconfig, method, proofs }: PropagationInputs): PropagationInputs => ({
  kubeconfig,
  method,
  proofs,
});

export const propagation: pulumi.dynamic.ResourceProvider<PropagationInputs, PropagationInputs> = {
  create: async (inputs) => {
    await waitFor(inputs.proofs, inputs);
    return { id: randomUUID(), outs: outputs(inputs) };
  },
  diff: async (_id, olds, news) => ({
    // A proof that is gone changes what is remembered, and there is nothing to wait for.
    changes: JSON.stringify(olds.proofs) !== JSON.stringify(news.proofs),
  }),
  update: async (_id, olds, news) => {
    await waitFor(newProofs(olds.proofs, news.proofs), news);
    return { outs: outputs(news) };
  },
};
