export * as IntentStore from "./IntentStore.ts"
export * as Outbox from "./Outbox.ts"
export * as SendPolicy from "./SendPolicy.ts"
export * as SmsRouter from "./SmsRouter.ts"
