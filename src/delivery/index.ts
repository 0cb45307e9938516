export * as DeliveryStore from "./DeliveryStore.ts"
export * as DeliveryTracker from "./DeliveryTracker.ts"
