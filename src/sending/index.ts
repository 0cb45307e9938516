export * as SendPolicy from "./SendPolicy.ts"
export * as SmsRouter from "./SmsRouter.ts"
