import ora from "ora";
import type { Report } from "../sandbox/engine/engine";

/** A line on stderr that says what is being done, and turns into what came of it. */
export interface ProgressLine {
  report: Report;
  done(text: string): void;
  stop(): void;
}

/**
 * On a terminal the line moves; elsewhere each step is printed once.
 *
 * @param quiet says nothing but what takes long: steps with a known length
 */
export function startProgress(text: string, quiet = false): ProgressLine {
  const spinner = ora({ text, stream: process.stderr, isSilent: quiet && !process.stderr.isTTY });
  spinner.start();
  let lastStep = "";
  return {
    report: ({ step, done, total }) => {
      const share = total === undefined || done === undefined ? "" : ` ${Math.floor((100 * done) / total)} %`;
      if (process.stderr.isTTY) spinner.text = step + share;
      else if (step !== lastStep && (!quiet || total !== undefined)) console.error(`- ${step}`);
      lastStep = step;
    },
    done: (outcome) => {
      if (quiet) spinner.stop();
      else spinner.succeed(outcome);
    },
    stop: () => {
      spinner.stop();
    },
  };
}
