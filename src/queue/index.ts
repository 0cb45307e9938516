export * as Queue from "./Queue.ts"
export * as QueueMemory from "./QueueMemory.ts"
export * as QueueProcessor from "./QueueProcessor.ts"
export * as TryAgain from "./TryAgain.ts"
