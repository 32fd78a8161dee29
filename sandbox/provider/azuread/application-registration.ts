import type { PlainObject } from "../values";
import { identityOutputs } from "./application";
import { applicationLifecycle, objectOf } from "./application-change";
import { type AzureAdType, present } from "./resource-type";

function body(inputs: PlainObject): PlainObject {
  return {
    displayName: inputs.displayName!,
    description: inputs.description ?? null,
    notes: inputs.notes ?? null,
    serviceManagementReference: inputs.serviceManagementReference ?? null,
    signInAudience: inputs.signInAudience!,
    api: { requestedAccessTokenVersion: inputs.requestedAccessTokenVersion! },
    info: {
      marketingUrl: inputs.marketingUrl ?? null,
      privacyStatementUrl: inputs.privacyStatementUrl ?? null,
      supportUrl: inputs.supportUrl ?? null,
      termsOfServiceUrl: inputs.termsOfServiceUrl ?? null,
    },
    web: {
      homePageUrl: inputs.homepageUrl ?? null,
      logoutUrl: inputs.logoutUrl ?? null,
      implicitGrantSettings: {
        enableAccessTokenIssuance: inputs.implicitAccessTokenIssuanceEnabled!,
        enableIdTokenIssuance: inputs.implicitIdTokenIssuanceEnabled!,
      },
    },
  };
}

function outputs(application: PlainObject): PlainObject {
  const info = objectOf(application.info);
  const web = objectOf(application.web);
  const implicit = objectOf(web.implicitGrantSettings);
  return present({
    displayName: application.displayName,
    description: application.description,
    notes: application.notes,
    serviceManagementReference: application.serviceManagementReference,
    signInAudience: application.signInAudience,
    requestedAccessTokenVersion: objectOf(application.api).requestedAccessTokenVersion,
    marketingUrl: info.marketingUrl,
    privacyStatementUrl: info.privacyStatementUrl,
    supportUrl: info.supportUrl,
    termsOfServiceUrl: info.termsOfServiceUrl,
    homepageUrl: web.homePageUrl,
    logoutUrl: web.logoutUrl,
    implicitAccessTokenIssuanceEnabled: implicit.enableAccessTokenIssuance,
    implicitIdTokenIssuanceEnabled: implicit.enableIdTokenIssuance,
    ...identityOutputs(application),
  });
}

/** An application alone; roles, scopes, identifier URIs and credentials are resources of their own. */
export const applicationRegistration: AzureAdType = {
  token: "azuread:index/applicationRegistration:ApplicationRegistration",
  inputs: [
    "displayName",
    "description",
    "notes",
    "serviceManagementReference",
    "signInAudience",
    "requestedAccessTokenVersion",
    "marketingUrl",
    "privacyStatementUrl",
    "supportUrl",
    "termsOfServiceUrl",
    "homepageUrl",
    "logoutUrl",
    "implicitAccessTokenIssuanceEnabled",
    "implicitIdTokenIssuanceEnabled",
  ],
  required: ["displayName"],
  defaults: {
    signInAudience: "AzureADMyOrg",
    requestedAccessTokenVersion: 2,
    implicitAccessTokenIssuanceEnabled: false,
    implicitIdTokenIssuanceEnabled: false,
  },
  replaceOn: [],
  computed: ["objectId", "clientId", "publisherDomain", "disabledByMicrosoft"],
  ...applicationLifecycle(body, outputs),
};
