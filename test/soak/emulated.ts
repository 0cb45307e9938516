/**
 * The emulator in a process of its own, whose heap is capped. The argument has its options, as JSON. Tells its port, and
 * answers what `listening` answers.
 */
import * as Effect from "effect/Effect"
import * as Emulator from "../../src/emulator/Emulator.ts"
import { listening } from "../bench/servers/listening.ts"

const options: Emulator.Options = JSON.parse(process.argv[2]!)

Effect.runFork(Effect.scoped(Effect.gen(function*() {
  const { env, extras, url } = yield* Emulator.make(options)
  listening(Number(new URL(url).port), { "Which variables?": () => ({ ...env, ...extras }) })
  return yield* Effect.never
})))
