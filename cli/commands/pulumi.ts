import { runPulumi } from "../../sandbox/engine/run";
import { root } from "../paths";
import { openSession } from "../session";

/** Runs a Pulumi command as it is written, with the sandbox attached. @returns the exit code */
export async function pulumi(args: string[]): Promise<number> {
  const session = await openSession({ quiet: true });
  try {
    // npm runs scripts in the package's directory; INIT_CWD is where the person is, perhaps in an example.
    const cwd = process.env.INIT_CWD ?? root;
    const { engine } = session;
    const { note, ...invocation } = await session.invocation(cwd, args);
    const code = await runPulumi({ engine, cwd, ...invocation });
    if (code === 0 && note !== undefined) console.error(note);
    return code;
  } finally {
    await session.close();
  }
}
