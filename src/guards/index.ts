export * as GuardStore from "./GuardStore.ts"
export * as LoopGuard from "./LoopGuard.ts"
export * as QuietHours from "./QuietHours.ts"
export * as SendLimits from "./SendLimits.ts"
