export * as LoopGuard from "./LoopGuard.ts"
export * as QuietHours from "./QuietHours.ts"
