// Sees to it that this machine can run the commands: a Node.js that is new enough, and the dependencies as the
// lockfile has them. Plain JavaScript, because it runs before they are there. It prints to stderr only: stdout
// is the command's.
const { existsSync, statSync } = require("node:fs");
const { join } = require("node:path");
const { spawnSync } = require("node:child_process");

const root = join(__dirname, "..");
const oldestNode = [20, 19];

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1])) {
  console.error(
    `azure-keyless needs Node.js ${oldestNode.join(".")} or newer; this is ${process.versions.node}.`,
  );
  process.exit(1);
}

const lockfile = join(root, "package-lock.json");
const installed = join(root, "node_modules", ".package-lock.json");
if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lockfile).mtimeMs) {
  console.error("Installing dependencies with npm ci (a minute or two, once) …");
  const npm = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (npm.status !== 0) {
    console.error("npm ci failed, see above. It needs a package registry; run the command again to go on.");
    process.exit(npm.status || 1);
  }
}
