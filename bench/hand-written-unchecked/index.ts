export * from "../hand-written/index";
