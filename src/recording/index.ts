export * as Pseudonymizer from "./Pseudonymizer.ts"
export * as Recording from "./Recording.ts"
