/**
 * The emulator, with the carriers of the package. The argument is the URL of the application, which takes the callbacks.
 */
import { Emulator } from "effect-sms/emulator"
import * as Effect from "effect/Effect"
import { listening } from "./listening.ts"

const [appUrl] = process.argv.slice(2)

Effect.runFork(Effect.scoped(Effect.gen(function*() {
  const { env, url } = yield* Emulator.make({ appUrl, seed: "bench" })
  listening(Number(new URL(url).port), { "Which variables?": () => env })
  return yield* Effect.never
})))
