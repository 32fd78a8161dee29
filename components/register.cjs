// What Node.js loads before a program that uses this library: `nodeargs: --require azure-keyless/register` in its
// Pulumi.yaml. It strips the types from TypeScript, and leaves out work of Pulumi's SDK that no such program needs;
// where the SDK has changed and does not do that work, nothing is left out.
const { createRequire, Module } = require("node:module");

require("sucrase/register/ts");

const sdk = createRequire(require.resolve("@pulumi/pulumi/package.json"));

/** Has everybody get `exports` for a module. */
function provide(path, exports) {
  const module = new Module(path);
  module.filename = path;
  module.loaded = true;
  module.exports = exports;
  require.cache[path] = module;
}

/** @returns the path of one of the SDK's modules, or undefined when it has no such module */
function find(name) {
  try {
    return sdk.resolve(name);
  } catch {
    return undefined;
  }
}

/** Loads the module that `provide` stood in for. */
function load(path) {
  delete require.cache[path];
  return sdk(path);
}

// The SDK takes a stack trace for each property of each resource, and translates it through source maps: a third of
// a large program's time. Stripping types leaves every line where it was, so there is nothing to translate.
const sourceMaps = find("source-map-support/register");
if (sourceMaps) provide(sourceMaps, {});

// The SDK loads the TypeScript compiler and npm's dependency tree, for writing functions as text. They are loaded
// when a program asks for that.
const compiler = find("typescript");
if (compiler) {
  let real;
  provide(
    compiler,
    new Proxy(
      {},
      {
        get: (_target, property) => {
          real ??= load(compiler);
          return real[property];
        },
      },
    ),
  );
}
const codePaths = find("./runtime/closure/codePaths");
if (codePaths) {
  let real;
  provide(codePaths, {
    computeCodePaths: (...args) => {
      real ??= load(codePaths);
      return real.computeCodePaths(...args);
    },
  });
}
