export * as MmsAggregator from "./MmsAggregator.ts"
