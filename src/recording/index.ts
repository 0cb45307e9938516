export * as Player from "./Player.ts"
export * as Pseudonymizer from "./Pseudonymizer.ts"
export * as Recorder from "./Recorder.ts"
export * as Recording from "./Recording.ts"
