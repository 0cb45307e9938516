export * as Inbox from "./Inbox.ts"
export * as InboxMemory from "./InboxMemory.ts"
export * as InboxProcessor from "./InboxProcessor.ts"
export * as TryAgain from "./TryAgain.ts"
