export * as LoopGuard from "./LoopGuard.ts"
