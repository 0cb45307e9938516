export * as ConsentLedger from "./ConsentLedger.ts"
export * as Keywords from "./Keywords.ts"
