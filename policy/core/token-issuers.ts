/** How the subjects of an issuer's tokens look. */
export interface SubjectForm {
  /** Whose tokens: "AKS". */
  name: string;
  subject: RegExp;
  /** To be read after "must be". */
  subjectShape: string;
}

/** How an issuer writes itself and its subjects. */
export interface IssuerForm extends SubjectForm {
  /** The host names that belong to this issuer. */
  host: RegExp;
  issuer: RegExp;
  /** To be read after "must be". */
  issuerShape: string;
}

const DNS_LABEL = "[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?";

/**
 * A pod's token, whichever cluster issued it. A namespace is a DNS label, a ServiceAccount's name a DNS
 * subdomain.
 *
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
 */
export const KUBERNETES_SUBJECT: SubjectForm = {
  name: "a Kubernetes cluster",
  subject: new RegExp(`^system:serviceaccount:${DNS_LABEL}:(?=.{1,253}$)${DNS_LABEL}(?:\\.${DNS_LABEL})*$`),
  subjectShape: "system:serviceaccount:<namespace>:<name>",
};

/** Issuers whose form is fixed. Any other issuer may write its subjects as it likes. */
const ISSUERS: readonly IssuerForm[] = [
  {
    ...KUBERNETES_SUBJECT,
    /** @see https://learn.microsoft.com/azure/aks/use-oidc-issuer */
    name: "AKS",
    host: /\.oic\.[a-z0-9-]+\.azure\.[a-z]+$/i,
    issuer: /^https:\/\/[a-z0-9.-]+\/[0-9a-f-]{36}\/[0-9a-f-]{36}\/$/,
    issuerShape: "https://<region>.oic.prod-aks.azure.com/<tenant>/<guid>/ with the slash at the end",
  },
  {
    /** @see https://docs.github.com/actions/reference/security/oidc */
    name: "GitHub Actions",
    host: /^token\.actions\.githubusercontent\.com$/i,
    issuer: /^https:\/\/token\.actions\.githubusercontent\.com(\/[^/]+)?$/,
    issuerShape: "https://token.actions.githubusercontent.com without a slash at the end",
    subject: /^(?!system:)[a-z_]+:./,
    subjectShape:
      "repo:<owner>/<repository>:<context>, or begin with another claim of the repository's choice",
  },
  {
    /** @see https://docs.gitlab.com/ci/secrets/id_token_authentication/ */
    name: "GitLab",
    host: /^gitlab\.com$/i,
    issuer: /^https:\/\/gitlab\.com$/,
    issuerShape: "https://gitlab.com without a slash at the end",
    subject: /^project_(path|id):./,
    subjectShape: "project_path:<group>/<project>:ref_type:<type>:ref:<ref>",
  },
];

/** The form of the issuer at `url`, when it has a fixed one. */
export function issuerForm(url: URL): IssuerForm | undefined {
  return ISSUERS.find(({ host }) => host.test(url.hostname));
}
