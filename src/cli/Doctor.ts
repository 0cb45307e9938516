/**
 * The command `effect-sms doctor`: checks the configuration and what it leads to.
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as WebUrl from "../internal/webUrl.ts"
import type { Lazy } from "../provider/Carrier.ts"
import { exitCodes, fail } from "./Failed.ts"

const flags = {
  url: Flag.String("url").pipe(
    Flag.withDescription("The address of the server. By default, the one of PORT on this machine"),
    Flag.optional
  ),
  json: Flag.Boolean("json").pipe(Flag.withDescription("Print the results as JSON"), Flag.withDefault(false))
}

/** Builds the command for these carriers. */
export const command = (carriers: ReadonlyArray<Lazy>) =>
  Command.make("doctor", flags, ({ json, url }) =>
    Effect.gen(function*() {
      if (Option.isSome(url) && WebUrl.parse(url.value) === undefined) {
        return yield* fail("--url must be an http or https URL", exitCodes.usage)
      }
      // Loaded on demand: other commands need neither a database nor a client.
      const { diagnose } = yield* Effect.promise(() => import("./doctor/diagnose.ts"))
      yield* diagnose(carriers, { json, url: Option.getOrUndefined(url) })
    }).pipe(
      // Standard output contains only the results.
      Effect.provideService(Logger.LogToStderr, true)
    )).pipe(
      Command.withDescription(
        `Checks the environment variables of the server and what they lead to: every variable, whether the carriers are
configured completely and post received messages to PUBLIC_URL, the database and its schema, the server and its token,
whether PUBLIC_URL leads to it, and the clock. Changes nothing, and prints no secrets and no numbers.

Exit codes: 0, 1 when a check failed, and 2 for an invalid command line.`
      ),
      Command.withShortDescription("Checks the configuration and what it leads to")
    )
