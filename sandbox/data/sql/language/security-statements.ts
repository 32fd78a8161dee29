import { unsupported } from "../engine/errors";
import type { Expression, Securable, Statement } from "./syntax";
import type { TokenStream } from "./token-stream";

/** Users, roles and permissions; undefined when the statement is about something else. */
export function parseSecurityStatement(
  tokens: TokenStream,
  expression: () => Expression,
): Statement | undefined {
  if (tokens.takeWord("create", "user")) return createUser(tokens, expression);
  if (tokens.takeWord("create", "role")) {
    const name = tokens.name();
    if (tokens.isWord("authorization")) throw unsupported("CREATE ROLE … AUTHORIZATION");
    return { kind: "createRole", name };
  }
  if (tokens.takeWord("drop", "user")) return dropPrincipal(tokens, "user");
  if (tokens.takeWord("drop", "role")) return dropPrincipal(tokens, "role");
  if (tokens.takeWord("alter", "role")) return alterRole(tokens);
  for (const verb of ["grant", "deny", "revoke"] as const) {
    if (tokens.takeWord(verb)) return permission(tokens, verb);
  }
  return undefined;
}

function createUser(tokens: TokenStream, expression: () => Expression): Statement {
  const name = tokens.name();
  if (tokens.takeWord("from", "external", "provider")) {
    if (tokens.isWord("with")) throw unsupported("CREATE USER … FROM EXTERNAL PROVIDER WITH");
    return { kind: "createUserFromExternalProvider", name };
  }
  if (!tokens.takeWord("with")) throw unsupported("CREATE USER for a login");
  let sid: Expression | undefined;
  let type: "E" | "X" | undefined;
  tokens.list(() => {
    const option = tokens.name().toLowerCase();
    tokens.expectSymbol("=");
    if (option === "sid") sid = expression();
    else if (option === "type") {
      const given = tokens.name().toUpperCase();
      if (given !== "E" && given !== "X") throw unsupported(`CREATE USER … TYPE = ${given}`);
      type = given;
    } else if (option !== "default_schema") throw unsupported(`CREATE USER … ${option.toUpperCase()}`);
    else if (tokens.name().toLowerCase() !== "dbo") throw unsupported("schemas other than dbo");
  });
  if (!sid || !type) return tokens.fail();
  return { kind: "createUser", name, sid, type };
}

function dropPrincipal(tokens: TokenStream, principal: "user" | "role"): Statement {
  const ifExists = tokens.takeWord("if", "exists");
  return { kind: "dropPrincipal", principal, name: tokens.name(), ifExists };
}

function alterRole(tokens: TokenStream): Statement {
  const role = tokens.name();
  if (tokens.isWord("with")) throw unsupported("ALTER ROLE … WITH NAME");
  const change = tokens.takeWord("add", "member") ? "add" : "drop";
  if (change === "drop") tokens.expectWord("drop", "member");
  return { kind: "alterRole", role, change, member: tokens.name() };
}

function permission(tokens: TokenStream, verb: "grant" | "deny" | "revoke"): Statement {
  if (verb === "revoke" && tokens.isWord("grant", "option")) throw unsupported("REVOKE GRANT OPTION FOR");
  const permissions = tokens.list(() => permissionName(tokens));
  const on: Securable = tokens.takeWord("on") ? securable(tokens) : { class: "DATABASE", name: { name: "" } };
  if (!tokens.takeWord("to") && !(verb === "revoke" && tokens.takeWord("from"))) tokens.fail();
  const principals = tokens.list(() => tokens.name());
  for (const word of ["with", "as", "cascade"]) {
    if (tokens.isWord(word)) throw unsupported(`${verb.toUpperCase()} … ${word.toUpperCase()}`);
  }
  return { kind: "permission", verb, permissions, on, principals };
}

/** One or more words: "VIEW DEFINITION". */
function permissionName(tokens: TokenStream): string {
  const words: string[] = [];
  while (tokens.peek().kind === "word" && !["on", "to", "from"].some((word) => tokens.isWord(word))) {
    words.push(tokens.name().toUpperCase());
  }
  if (words.length === 0) tokens.fail();
  if (tokens.isSymbol("(")) throw unsupported("permissions on columns");
  return words.join(" ");
}

function securable(tokens: TokenStream): Securable {
  if (!tokens.isSymbol("::", 1)) return { class: "OBJECT", name: tokens.objectName() };
  const given = tokens.name().toUpperCase();
  tokens.next();
  if (given !== "OBJECT" && given !== "SCHEMA" && given !== "DATABASE")
    throw unsupported(`permissions on ${given}`);
  return { class: given, name: tokens.objectName() };
}
