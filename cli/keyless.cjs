#!/usr/bin/env node
require("./install.cjs");
require("tsx/cjs");
require("./main.ts");
