export * as Inbox from "./Inbox.ts"
