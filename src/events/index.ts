export * as Event from "./Event.ts"
export * as EventLog from "./EventLog.ts"
