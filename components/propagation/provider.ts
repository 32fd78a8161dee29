import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type * as pulumi from "@pulumi/pulumi";
import { connectCluster } from "./cluster-client";
import { newProofs, type Proof, type PropagationInputs } from "./proof";
import { proveAll } from "./prove";

async function waitFor(proofs: Proof[], { method, kubeconfig }: PropagationInputs): Promise<void> {
  if (proofs.length === 0) return;
  if (method.kind === "delay") {
    await sleep(method.delaySeconds * 1000);
    return;
  }
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
