export * as Segments from "./Segments.ts"
