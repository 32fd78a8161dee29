import { describe, expect, it } from "vitest";
import type { ClientFailure } from "../sandbox/harness";
import type { DeployedWorkloads } from "./deployed-workloads";
import { attempts, workloadNames } from "./workload-attempts";

/** Declares the tests of what each workload may do with its pod's environment, and of what it may not. */
export function describeWorkloads(workloads: () => DeployedWorkloads): void {
  describe.each(workloadNames)("workload %s, with its pod's environment alone,", (name) => {
    it("has the variables and the token that its pod was given, and nothing else", () => {
      const { env, pod } = workloads().containers[name];
      expect(Object.keys(env).sort()).toEqual([
        "AZURE_AUTHORITY_HOST",
        "AZURE_CLIENT_ID",
        "AZURE_FEDERATED_TOKEN_FILE",
        "AZURE_TENANT_ID",
      ]);
      expect(env.AZURE_CLIENT_ID).toBe(workloads().outputs.workloads[name].clientId);
      expect(pod.spec?.serviceAccountName).toBe(name);
    });

    it("is its identity", async () => {
      expect(await workloads().clients[name].call("whoAmI")).toMatchObject({
        appid: workloads().outputs.workloads[name].clientId,
        oid: workloads().outputs.workloads[name].principalId,
        mirid: expect.stringMatching(new RegExp(`/userAssignedIdentities/id-${name}-dev$`)),
      });
    });

    it.each(attempts.filter(({ who }) => who.includes(name)))("may $what", async ({ how, gives }) => {
      const result = await how(workloads().clients[name], workloads().outputs);
      if (gives !== undefined) expect(result).toEqual(gives);
    });

    it.each(attempts.filter(({ who }) => !who.includes(name)))("may not $what", async ({ how, refusal }) => {
      const { message, ...expected } = refusal;
      const failure = await how(workloads().clients[name], workloads().outputs).then(
        (result) => new Error(`It was let in: ${JSON.stringify(result)}`),
        (error: ClientFailure) => error,
      );
      expect(failure.message).toMatch(message);
      expect(failure).toMatchObject(expected);
    });

    it("cannot become the other with its own token", async () => {
      const other = name === "orders" ? "mailer" : "orders";
      const impostor = workloads().clientWith({
        ...workloads().containers[name].env,
        AZURE_CLIENT_ID: workloads().outputs.workloads[other].clientId,
      });
      try {
        await expect(impostor.call("whoAmI")).rejects.toThrow(
          `AADSTS700213: No matching federated identity record found for presented assertion subject 'system:serviceaccount:shop:${name}'.`,
        );
      } finally {
        impostor.stop();
      }
    });
  });
}
