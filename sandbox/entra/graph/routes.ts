import type { IncomingMessage } from "node:http";
import type { SandboxContext } from "../../core/context";
import { listApplications } from "../applications";
import { removeAppRoleAssignment } from "../service-principals";
import {
  type AssignmentEnd,
  assignAppRole,
  assignmentBody,
  assignmentObject,
  assignmentsOf,
} from "./app-role-assignments";
import { applicationChange } from "./application-schema";
import {
  applicationObject,
  changeApplication,
  createApplication,
  deleteApplication,
  findApplication,
} from "./applications";
import { notFound } from "./errors";
import {
  addCredential,
  changeCredential,
  credentialChange,
  credentialObject,
  findCredential,
  removeCredential,
} from "./federated-credentials";
import { listing, single } from "./listing";
import { parseBody } from "./request-body";
import {
  changeServicePrincipal,
  createServicePrincipal,
  findServicePrincipal,
  listServicePrincipals,
  removeServicePrincipal,
  servicePrincipalChange,
  servicePrincipalObject,
} from "./service-principals";

export interface GraphCall {
  request: IncomingMessage;
  url: URL;
  /** The object that the path begins with: an object id or `appId='…'`. */
  id: string;
  /** What of that object is asked for; empty for itself or a whole list. */
  member: string;
  context: SandboxContext;
}

export interface GraphAnswer {
  status: 200 | 201 | 204;
  body?: Record<string, unknown>;
}

type Handler = (call: GraphCall) => GraphAnswer | Promise<GraphAnswer>;

const done: GraphAnswer = { status: 204 };

const applications: Record<string, Handler> = {
  "GET /applications": ({ url, context }) => ({
    status: 200,
    body: listing(listApplications(context.store).map(shown(context)), "applications", url),
  }),
  "POST /applications": async ({ request, url, context }) => {
    const created = createApplication(context, await parseBody(request, applicationChange, "Application"));
    return { status: 201, body: single(shown(context)(created), "applications", url) };
  },
  "GET /applications/{id}": ({ id, url, context }) => ({
    status: 200,
    body: single(shown(context)(findApplication(context, id)), "applications", url),
  }),
  "PATCH /applications/{id}": async ({ request, id, context }) => {
    const change = await parseBody(request, applicationChange, "Application");
    changeApplication(context, findApplication(context, id), change);
    return done;
  },
  "DELETE /applications/{id}": ({ id, context }) => {
    deleteApplication(context, findApplication(context, id));
    return done;
  },
};

/** The tenant's first domain: https://learn.microsoft.com/graph/api/resources/domain */
const shown = ({ account }: SandboxContext) => {
  const domain = `${account.tenantId}.onmicrosoft.com`;
  return (application: ReturnType<typeof findApplication>) => applicationObject(application, domain);
};

const credentialSet = "applications/federatedIdentityCredentials";
const federatedCredentials: Record<string, Handler> = {
  "GET /applications/{id}/federatedIdentityCredentials": ({ id, url, context }) => {
    const { federatedCredentials: all } = findApplication(context, id);
    return { status: 200, body: listing(all.map(credentialObject), credentialSet, url) };
  },
  "POST /applications/{id}/federatedIdentityCredentials": async ({ request, id, url, context }) => {
    const change = await parseBody(request, credentialChange, "FederatedIdentityCredential");
    const added = addCredential(context, findApplication(context, id), change);
    return { status: 201, body: single(credentialObject(added), credentialSet, url) };
  },
  "GET /applications/{id}/federatedIdentityCredentials/{member}": ({ id, member, url, context }) => {
    const found = findCredential(findApplication(context, id), member);
    return { status: 200, body: single(credentialObject(found), credentialSet, url) };
  },
  "PATCH /applications/{id}/federatedIdentityCredentials/{member}": async (call) => {
    const { request, id, member, context } = call;
    const change = await parseBody(request, credentialChange, "FederatedIdentityCredential");
    const application = findApplication(context, id);
    changeCredential(context, application, findCredential(application, member), change);
    return done;
  },
  "DELETE /applications/{id}/federatedIdentityCredentials/{member}": ({ id, member, context }) => {
    const application = findApplication(context, id);
    removeCredential(context, application, findCredential(application, member));
    return done;
  },
};

const servicePrincipals: Record<string, Handler> = {
  "GET /servicePrincipals": ({ url, context }) => {
    const all = listServicePrincipals(context).map((one) => servicePrincipalObject(one, context));
    return { status: 200, body: listing(all, "servicePrincipals", url) };
  },
  "POST /servicePrincipals": async ({ request, url, context }) => {
    const change = await parseBody(request, servicePrincipalChange, "ServicePrincipal");
    const created = servicePrincipalObject(createServicePrincipal(context, change), context);
    return { status: 201, body: single(created, "servicePrincipals", url) };
  },
  "GET /servicePrincipals/{id}": ({ id, url, context }) => {
    const found = servicePrincipalObject(findServicePrincipal(context, id), context);
    return { status: 200, body: single(found, "servicePrincipals", url) };
  },
  "PATCH /servicePrincipals/{id}": async ({ request, id, context }) => {
    const change = await parseBody(request, servicePrincipalChange, "ServicePrincipal");
    changeServicePrincipal(context, findServicePrincipal(context, id), change);
    return done;
  },
  "DELETE /servicePrincipals/{id}": ({ id, context }) => {
    removeServicePrincipal(context, findServicePrincipal(context, id));
    return done;
  },
};

/** The same assignments, seen from the API and from who holds them. */
function assignmentRoutes(collection: string, end: AssignmentEnd): Record<string, Handler> {
  const path = `/servicePrincipals/{id}/${collection}`;
  const find = ({ id, member, context }: GraphCall) => {
    const all = assignmentsOf(context, findServicePrincipal(context, id), end);
    const found = all.find((assignment) => assignment.id === member);
    if (!found) throw notFound(member);
    return found;
  };
  return {
    [`GET ${path}`]: ({ id, url, context }) => {
      const all = assignmentsOf(context, findServicePrincipal(context, id), end);
      return {
        status: 200,
        body: listing(
          all.map((one) => assignmentObject(one, context)),
          "appRoleAssignments",
          url,
        ),
      };
    },
    [`POST ${path}`]: async ({ request, id, url, context }) => {
      const body = await parseBody(request, assignmentBody, "AppRoleAssignment");
      const created = assignAppRole(context, findServicePrincipal(context, id), end, body);
      return { status: 201, body: single(assignmentObject(created, context), "appRoleAssignments", url) };
    },
    [`GET ${path}/{member}`]: (call) => ({
      status: 200,
      body: single(assignmentObject(find(call), call.context), "appRoleAssignments", call.url),
    }),
    [`DELETE ${path}/{member}`]: (call) => {
      removeAppRoleAssignment(call.context.store, find(call));
      return done;
    },
  };
}

/** What the sandbox's Graph answers, by method and path below `/v1.0`. */
export const routes: Readonly<Record<string, Handler>> = {
  ...applications,
  ...federatedCredentials,
  ...servicePrincipals,
  ...assignmentRoutes("appRoleAssignedTo", "resourceId"),
  ...assignmentRoutes("appRoleAssignments", "principalId"),
};
