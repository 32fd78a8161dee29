import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type * as pulumi from "@pulumi/pulumi";
import { newProofs, type Proof, type PropagationInputs } from "./proof";

async function waitFor(proofs: Proof[], { method, kubeconfig }: PropagationInputs): Promise<void> {
  if (proofs.length === 0) return;
  if (method.kind === "delay") {
    await sleep(method.delaySeconds * 1000);
    return;
  }
  // Loaded when there is something to prove: no preview needs them, and they take long to load.
  const { connectCluster }: typeof import("./cluster-client") = require("./cluster-client");
  const { proveAll }: typeof import("./prove") = require("./prove");
  await proveAll(proofs, connectCluster(kubeconfig), {
    deadlineSeconds: method.deadlineSeconds,
    report: (line) => console.log(line),
  });
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
