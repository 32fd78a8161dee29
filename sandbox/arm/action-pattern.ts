/** Whether an operation is one of those that a pattern stands for. */
type Matches = (operation: string) => boolean;

const compiled = new Map<string, Matches>();

function compile(pattern: string): Matches {
  const parts = pattern.split("*");
  const first = parts[0]!;
  const last = parts.at(-1)!;
  if (parts.length === 1) return (operation) => operation === pattern;
  return (operation) => {
    if (operation.length < first.length + last.length) return false;
    if (!operation.startsWith(first) || !operation.endsWith(last)) return false;
    // What stands between the outer parts must hold the inner ones, in order and without overlapping.
    const end = operation.length - last.length;
    let position = first.length;
    for (const part of parts.slice(1, -1)) {
      const found = operation.indexOf(part, position);
      if (found === -1 || found + part.length > end) return false;
      position = found + part.length;
    }
    return true;
  };
}

/**
 * `/*\/` also stands for a single slash: Managed Identity Operator may do `userAssignedIdentities/assign/action`,
 * and what it lists is `userAssignedIdentities/*\/assign/action`.
 */
function compileWithCollapse(pattern: string): Matches {
  const full = compile(pattern);
  if (!pattern.includes("/*/")) return full;
  const collapsed = compile(pattern.replaceAll("/*/", "/"));
  return (operation) => full(operation) || collapsed(operation);
}

/**
 * Compares an operation (`Microsoft.KeyVault/vaults/read`) with a role's action, in which `*` stands for any
 * characters, slashes included. Case does not matter.
 *
 * @see https://learn.microsoft.com/azure/role-based-access-control/role-definitions#actions-format
 */
export function matchesAction(pattern: string, operation: string): boolean {
  let matches = compiled.get(pattern);
  if (!matches) {
    matches = compileWithCollapse(pattern.toLowerCase());
    compiled.set(pattern, matches);
  }
  return matches(operation.toLowerCase());
}
