#!/usr/bin/env node
require("./install.cjs");
require("sucrase/register/ts");
require("./main.ts");
