import Table from "cli-table3";
import pc from "picocolors";

const noLines = Object.fromEntries(
  [
    ...["top", "top-mid", "top-left", "top-right", "bottom", "bottom-mid", "bottom-left", "bottom-right"],
    ...["left", "left-mid", "mid", "mid-mid", "right", "right-mid", "middle"],
  ].map((part) => [part, ""]),
);

/** Rows under a heading: names on the left, figures on the right. */
export function table(head: string[], rows: string[][]): string {
  const lines = new Table({
    head: head.map((text) => pc.dim(text)),
    colAligns: head.map((_, index) => (index === 0 ? "left" : "right")),
    chars: noLines,
    style: { head: [], "padding-left": 1, "padding-right": 1 },
  });
  lines.push(...rows);
  return lines.toString();
}
