import { statSync } from "node:fs";
import pc from "picocolors";

/**
 * Does a command's work on a stack, and says how to go on when it stopped half-way: by Ctrl-C, or because something
 * failed. Ctrl-C itself is not to be seen from here: on a terminal it is a key that the engine reads.
 *
 * @param state the file of the stack's state, which the engine writes with every resource
 * @param work answers the command's exit code
 * @param advice said when the state changed and the work did not succeed
 */
export async function advisingUnfinished(
  state: string,
  work: () => Promise<number>,
  advice: string,
): Promise<number> {
  const before = writtenAt(state);
  const code = await work();
  if (code !== 0 && writtenAt(state) !== before) console.error(pc.yellow(advice));
  return code;
}

const writtenAt = (file: string): number | undefined => statSync(file, { throwIfNoEntry: false })?.mtimeMs;
