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
    return await runPulumi({ engine, cwd, ...(await session.invocation(cwd, args)) });
  } finally {
    await session.close();
  }
}
