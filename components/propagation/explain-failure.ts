import type { AzureReader } from "../diagnosis/azure-reader";
import {
  closestCredential,
  credentialMismatches,
  pointOut,
  type TokenClaims,
  type TrustedClaims,
} from "../diagnosis/credential-mismatch";
import type { LinkFailure } from "./link-failure";
import type { KnownTouch, Proof, WorkloadProof } from "./proof";

/** Why a link does not work: whether waiting may mend it, and what a person needs to know of it. */
export interface Explanation {
  isMistake: boolean;
  lines: string[];
}

const versions = { identity: "2023-01-31", roleAssignment: "2022-04-01" } as const;

/**
 * No federated credential takes the token: either it has not travelled to where the token was presented, or it is
 * another one than the token asks for. Entra answers the same for both, and only ARM tells them apart.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 */
const notMatched = /^AADSTS(70021|70025|700211|700212|700213|7002138)$/;
const unknownClient = "AADSTS700016";

const delay = (...lines: string[]): Explanation => ({ isMistake: false, lines });
const mistake = (...lines: string[]): Explanation => ({ isMistake: true, lines });

/**
 * Tells delay from mistake by what Azure has: the identity's credentials and role assignments, so that what was
 * changed or deleted behind the program's back is seen too. Where they cannot be read, what the program wrote
 * has to do.
 *
 * @param azure undefined where there is nobody to read as
 */
export async function explainFailure(
  failure: LinkFailure,
  proof: Proof,
  azure: AzureReader | undefined,
): Promise<Explanation> {
  if (failure.isTrouble) return delay(failure.message);
  if (!failure.mayBeDelay) return mistake(failure.message);
  if (proof.kind === "workload") {
    if (notMatched.test(failure.answer) && failure.presented) {
      return explainCredential(proof, failure.presented, azure);
    }
    if (failure.answer === unknownClient) return explainClient(proof, azure);
  }
  if (failure.answer.startsWith("403")) {
    return (await explainRoles(proof, failure.touch, azure)) ?? delay(failure.message);
  }
  return delay(failure.message);
}

/** What `read` answers, undefined when it may not or cannot. */
const attempt = async <T>(read: () => Promise<T>): Promise<{ value: T } | undefined> =>
  read().then(
    (value) => ({ value }),
    () => undefined,
  );

type Credential = TrustedClaims & { id: string };

async function readCredentials(
  identityId: string,
  azure: AzureReader,
): Promise<{ value: Credential[] | undefined } | undefined> {
  const path = `${identityId}/federatedIdentityCredentials`;
  if (identityId.startsWith("/applications/")) {
    return attempt(() => azure.listOfGraph<Credential>(path));
  }
  return attempt(async () => {
    const found = await azure.list<{ id: string; properties: TrustedClaims }>(path, versions.identity);
    return found?.map(({ id, properties }) => ({ ...properties, id }));
  });
}

async function explainCredential(
  proof: WorkloadProof,
  token: TokenClaims,
  azure: AzureReader | undefined,
): Promise<Explanation> {
  const { identityId, issuer, subject, audience } = proof;
  const read = identityId !== undefined && azure ? await readCredentials(identityId, azure) : undefined;
  if (read && !read.value) return mistake(`${nameOf(identityId ?? "")} is gone.`);
  const written = { id: "", issuer, subject, audiences: [audience] };
  const credentials = read?.value ?? [written];
  const declaredId = proof.waitsFor.find((id) =>
    credentials.some((one) => one.id.toLowerCase() === id.toLowerCase()),
  );
  const credential = closestCredential(credentials, token, declaredId);
  if (!credential) {
    return mistake(
      `None of its ${credentials.length} federated credentials trusts the token:`,
      ...pair("the token says", `issuer ${token.issuer}, subject ${token.subject}`),
      ...credentials
        .slice(0, 3)
        .flatMap((one) => pair("a credential", `issuer ${one.issuer}, subject ${one.subject}`)),
    );
  }
  const mismatches = credentialMismatches(credential, token);
  const where = credential.id === "" ? "the federated credential" : nameOf(credential.id);
  if (mismatches.length === 0) {
    return delay(
      read
        ? `Azure has ${where} as the token asks for it, and Entra does not know it everywhere yet.`
        : "The credential was written as the token asks for it; what Azure has could not be read.",
    );
  }
  return mistake(
    `In ${where}:`,
    ...mismatches.flatMap(({ what, found, expected }) => [
      `${what} ${pointOut(found, expected)}`,
      ...pair("the credential says", found),
      ...pair("the token says", expected),
    ]),
  );
}

async function explainClient(
  { identityId, clientId }: WorkloadProof,
  azure: AzureReader | undefined,
): Promise<Explanation> {
  const young = "A new identity takes a while to be known everywhere in Entra.";
  if (!azure || identityId === undefined || identityId.startsWith("/applications/")) return delay(young);
  const read = await attempt(() =>
    azure.get<{ properties: { clientId: string } }>(identityId, versions.identity),
  );
  if (!read) return delay(young);
  if (!read.value) return mistake(`${nameOf(identityId)} is gone.`);
  const found = read.value.properties.clientId;
  if (found.toLowerCase() === clientId.toLowerCase()) return delay(young);
  return mistake(
    `${nameOf(identityId)} was made anew, and has another client id: ${pointOut(clientId, found)}`,
    ...pair("tokens are asked for", clientId),
    ...pair("the identity has", found),
  );
}

interface Assignment {
  properties: { scope: string; principalId: string };
}

const isAssignment = (id: string) => /\/providers\/Microsoft\.Authorization\/roleAssignments\//i.test(id);

/** Undefined when nothing speaks against all of them being right. */
async function explainRoles(
  { waitsFor }: Proof,
  touch: KnownTouch | undefined,
  azure: AzureReader | undefined,
): Promise<Explanation | undefined> {
  const ids = waitsFor.filter(isAssignment);
  if (!azure || ids.length === 0) return undefined;
  const read = await attempt(() =>
    Promise.all(ids.map((id) => azure.get<Assignment>(id, versions.roleAssignment))),
  );
  if (!read) return undefined;
  const gone = ids.filter((_, index) => read.value[index] === undefined);
  if (gone.length > 0) {
    return mistake(...gone.map((id) => `The role assignment is gone: ${id}`));
  }
  const scopes = read.value.flatMap((assignment) => assignment?.properties.scope ?? []);
  const account = touch && accountOf(touch);
  if (account !== undefined && !scopes.some((scope) => reaches(scope, account))) {
    return mistake(
      `None of its role assignments reaches ${account}:`,
      ...scopes.flatMap((scope) => pair("a role on", scope)),
    );
  }
  return delay("Azure has every role assignment, and they have not taken effect everywhere yet.");
}

/** What the vault or storage account is called that an address belongs to. */
function accountOf(touch: KnownTouch): string | undefined {
  const address = "vaultUri" in touch ? touch.vaultUri : "endpoint" in touch ? touch.endpoint : undefined;
  return address === undefined ? undefined : new URL(address).hostname.split(".")[0];
}

/** Whether a role's scope may hold a resource of that name: its own, one beneath it, or one above resources. */
function reaches(scope: string, account: string): boolean {
  const [, resource] = scope.split(/\/providers\//i);
  return resource === undefined || resource.toLowerCase().split("/").includes(account.toLowerCase());
}

const pair = (what: string, value: string): string[] => [`  ${what.padEnd(20)} ${value}`];

/** "federated credential fc-orders of identity id-orders-dev" */
function nameOf(id: string): string {
  const parts = id.split("/");
  if (id.startsWith("/applications/")) return `application ${parts[2]}`;
  return parts.at(-2) === "federatedIdentityCredentials"
    ? `federated credential ${parts.at(-1)} of identity ${parts.at(-3)}`
    : `identity ${parts.at(-1)}`;
}
