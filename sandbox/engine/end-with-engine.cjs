// Ends a plugin together with the engine that started it, which holds the other end of its stdin. Pulumi's runner
// of dynamic providers does not notice by itself: once the engine was killed it fails to print, fails to say so,
// and goes on like that for ever, on a whole processor and with ever more memory.
process.stdin
  .on("end", () => process.exit())
  .on("error", () => process.exit())
  .resume();
