import { isAzureNative, UNKNOWN, type Value } from "../core/resource";
import type { ResourceRule, Violation } from "../core/rule";
import { shown, valueAt } from "../core/setting";
import { type IssuerForm, issuerForm, KUBERNETES_SUBJECT } from "../core/token-issuers";

/** The one audience for which Entra takes a foreign token in exchange. */
const AUDIENCE = "api://AzureADTokenExchange";
/** Characters, of the issuer and of the subject. */
const LENGTH_LIMIT = 600;

const APPLICATION_CREDENTIAL =
  "azuread:index/applicationFederatedIdentityCredential:ApplicationFederatedIdentityCredential";

/** Azure takes a wrong subject or issuer without a word, and every token request fails afterwards. */
export const federatedCredentialWellFormed: ResourceRule = {
  name: "federated-credential-well-formed",
  description: "Issuer, subject and audience of a federated credential can match a token.",
  url: "https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations",
  check: ({ type, properties }) => {
    const isCredential =
      type === APPLICATION_CREDENTIAL || isAzureNative(type, "managedidentity:FederatedIdentityCredential");
    if (!isCredential) return [];
    const issuer = valueAt(properties, "issuer");
    return [
      ...issuerViolations(issuer),
      ...subjectViolations(valueAt(properties, "subject"), formOf(issuer)),
      ...audienceViolations(valueAt(properties, "audiences")),
    ];
  },
};

function formOf(issuer: Value): IssuerForm | undefined {
  return typeof issuer === "string" && URL.canParse(issuer) ? issuerForm(new URL(issuer)) : undefined;
}

function issuerViolations(issuer: Value): Violation[] {
  if (issuer === UNKNOWN) return [];
  const violation = (allowed: string, remedy: string): Violation[] => [
    { property: "issuer", allowed, found: shown(issuer), remedy },
  ];
  if (typeof issuer !== "string" || !isHttpsAddress(issuer))
    return violation(
      "an https address without query or fragment",
      "Use the issuer URL exactly as the cluster or the service reports it.",
    );
  if (issuer.length > LENGTH_LIMIT) return violation(`at most ${LENGTH_LIMIT} characters`, "Shorten it.");
  const form = formOf(issuer);
  if (form && !form.issuer.test(issuer))
    return violation(form.issuerShape, `Tokens of ${form.name} say it so, and it is compared to the letter.`);
  return [];
}

function isHttpsAddress(issuer: string): boolean {
  if (!URL.canParse(issuer) || /[\s?#*]/.test(issuer)) return false;
  const { protocol, username, password } = new URL(issuer);
  return protocol === "https:" && username === "" && password === "";
}

function subjectViolations(subject: Value, form: IssuerForm | undefined): Violation[] {
  if (subject === UNKNOWN) return [];
  const violation = (allowed: string, remedy: string): Violation[] => [
    { property: "subject", allowed, found: shown(subject), remedy },
  ];
  if (typeof subject !== "string" || subject === "" || subject !== subject.trim())
    return violation(
      "the 'sub' of the tokens, without space around it",
      "For a pod it is system:serviceaccount:<namespace>:<name>.",
    );
  if (subject.length > LENGTH_LIMIT)
    return violation(`at most ${LENGTH_LIMIT} characters`, "Use a shorter namespace or name.");
  if (subject.includes("*"))
    return violation(
      "free of wildcards",
      "Make one credential for each subject: Entra compares to the letter.",
    );
  const shape = form ?? (subject.startsWith("system:") ? KUBERNETES_SUBJECT : undefined);
  if (shape && !shape.subject.test(subject))
    return violation(shape.subjectShape, `Tokens of ${shape.name} have such a subject, and case matters.`);
  return [];
}

function audienceViolations(audiences: Value): Violation[] {
  if (audiences === UNKNOWN) return [];
  const only = Array.isArray(audiences) && audiences.length === 1 ? audiences[0] : undefined;
  if (only === AUDIENCE || only === UNKNOWN) return [];
  return [
    {
      property: "audiences",
      allowed: `the one audience ["${AUDIENCE}"]`,
      found: only === undefined ? shown(audiences) : `[${shown(only)}]`,
      remedy: "Set exactly this one, and ask for tokens with it.",
    },
  ];
}
