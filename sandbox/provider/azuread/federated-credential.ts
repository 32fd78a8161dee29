import type { PlainObject } from "../values";
import { type GraphClient, GraphRequestError } from "./graph-client";
import { type AzureAdType, applicationPath, parseId, present } from "./resource-type";

const collection = (objectId: string) => `/applications/${objectId}/federatedIdentityCredentials`;

function parse(id: string): { objectId: string; path: string; credentialId: string } {
  const [objectId = "", credentialId = ""] = parseId(
    `applications/${id}`,
    "applications",
    "federatedIdentityCredential",
  );
  return { objectId, credentialId, path: `${collection(objectId)}/${credentialId}` };
}

const body = ({ audiences, issuer, subject, description }: PlainObject): PlainObject => ({
  audiences: audiences!,
  issuer: issuer!,
  subject: subject!,
  description: description ?? null,
});

/** A name that is taken is the same credential when a run was stopped before it could say so. */
async function createOrAdopt(objectId: string, inputs: PlainObject, graph: GraphClient): Promise<string> {
  const path = collection(objectId);
  try {
    const created = await graph.post(path, { name: inputs.displayName!, ...body(inputs) });
    return String(created.id);
  } catch (error) {
    if (!(error instanceof GraphRequestError && error.status === 409)) throw error;
    const [there] = await graph.list(path, `name eq '${String(inputs.displayName).replaceAll("'", "''")}'`);
    if (there?.issuer !== inputs.issuer || there?.subject !== inputs.subject) throw error;
    return String(there?.id);
  }
}

/** A federated credential of an application. */
export const federatedCredential: AzureAdType = {
  token: "azuread:index/applicationFederatedIdentityCredential:ApplicationFederatedIdentityCredential",
  inputs: ["applicationId", "audiences", "description", "displayName", "issuer", "subject"],
  required: ["applicationId", "audiences", "displayName", "issuer", "subject"],
  defaults: {},
  replaceOn: ["applicationId", "displayName"],
  computed: ["credentialId"],
  create: async (inputs, graph) => {
    const path = applicationPath(String(inputs.applicationId));
    const objectId = path.split("/")[2]!;
    const credentialId = await graph.alone(path, () => createOrAdopt(objectId, inputs, graph));
    return `${objectId}/federatedIdentityCredential/${credentialId}`;
  },
  read: async (id, graph) => {
    const { objectId, path, credentialId } = parse(id);
    const found = await graph.get(path);
    return (
      found &&
      present({
        applicationId: `/applications/${objectId}`,
        credentialId,
        displayName: found.name,
        audiences: found.audiences,
        description: found.description,
        issuer: found.issuer,
        subject: found.subject,
      })
    );
  },
  update: async (id, inputs, graph) => {
    const { objectId, path } = parse(id);
    await graph.alone(`/applications/${objectId}`, () => graph.patch(path, body(inputs)));
  },
  delete: async (id, graph) => {
    const { objectId, path } = parse(id);
    await graph.alone(`/applications/${objectId}`, () => graph.delete(path));
  },
};
