import Table from "cli-table3";
import pc from "picocolors";

const chars = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: " ",
};

/** Columns without lines between them. */
export function table(head: string[], rows: string[][]): string {
  const lines = new Table({
    head: head.map((text) => pc.dim(text)),
    chars,
    style: { head: [], border: [], "padding-left": 1 },
  });
  lines.push(...rows);
  // Without the blanks of a last column, which a narrow terminal would show as lines of their own.
  return lines.toString().replace(/ +$/gm, "");
}
