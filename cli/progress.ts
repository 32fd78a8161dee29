import ora, { type Ora } from "ora";
import type { Report } from "../sandbox/engine/engine";

/** A line on stderr that says what is being done, and turns into what came of it. */
export interface ProgressLine {
  report: Report;
  done(text: string): void;
  stop(): void;
}

/** On a terminal the line moves; elsewhere each step is printed once. */
export function startProgress(text: string): ProgressLine {
  const spinner: Ora = ora({ text, stream: process.stderr });
  spinner.start();
  let lastStep = "";
  return {
    report: ({ step, done, total }) => {
      const share = total === undefined || done === undefined ? "" : ` ${Math.floor((100 * done) / total)} %`;
      if (process.stderr.isTTY) spinner.text = step + share;
      else if (step !== lastStep) console.error(`- ${step}`);
      lastStep = step;
    },
    done: (outcome) => {
      spinner.succeed(outcome);
    },
    stop: () => {
      spinner.stop();
    },
  };
}
