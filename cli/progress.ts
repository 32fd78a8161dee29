import ora from "ora";
import type { Report } from "../sandbox/engine/engine";

/** A line on stderr that says what is being done, and turns into what came of it. */
export interface ProgressLine {
  report: Report;
  done(text: string): void;
  stop(): void;
}

/** Where no terminal is, a long step is mentioned again at each of these shares of its length, in percent. */
const milestone = 20;

/**
 * On a terminal the line moves; elsewhere each step is printed once, and a long one again as it gets on.
 *
 * @param quiet says nothing but what takes long: steps with a known length
 */
export function startProgress(text: string, quiet = false): ProgressLine {
  const moves = canMove(process.stderr);
  const spinner = ora({ text, stream: process.stderr, isEnabled: moves, isSilent: quiet && !moves });
  spinner.start();
  let lastLine = "";
  return {
    report: ({ step, done, total }) => {
      const percent = total === undefined || done === undefined ? undefined : (100 * done) / total;
      if (moves) {
        spinner.text = percent === undefined ? step : `${step} ${Math.floor(percent)} %`;
        return;
      }
      const reached = percent === undefined ? 0 : Math.floor(percent / milestone) * milestone;
      const line = reached === 0 ? step : `${step} ${reached} %`;
      if (line !== lastLine && !(quiet && percent === undefined)) console.error(`- ${line}`);
      lastLine = line;
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

/** Whether a line can be written over: a terminal without a width, as some containers have, is none for that. */
const canMove = (stream: NodeJS.WriteStream): boolean => stream.isTTY === true && stream.columns > 0;
