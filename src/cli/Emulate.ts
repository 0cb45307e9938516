/**
 * The command `effect-sms emulate`: plays the carriers on this machine.
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Service } from "../emulator/Emulator.ts"
import { Fault } from "../emulator/Fault.ts"
import type { Lazy } from "../provider/Carrier.ts"
import { fail } from "./Failed.ts"

const AppUrl = Schema.String.check(Schema.isPattern(/^https?:\/\/[^\s/?#@]+\/?$/, {
  expected: "an address, as in http://127.0.0.1:3000"
}))

const flags = {
  port: Flag.Int("port").pipe(
    Flag.withSchema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 65_535 }))),
    Flag.withDescription("The port, on this machine only. 0 is any free one"),
    Flag.withDefault(4010)
  ),
  app: Flag.String("app").pipe(
    Flag.withSchema(AppUrl),
    Flag.withMetavar("url"),
    Flag.withDescription("The server that receives the webhooks"),
    Flag.withDefault("http://127.0.0.1:3000")
  ),
  seed: Flag.String("seed").pipe(
    Flag.withDescription("What credentials, ids and faults derive from: the same again with the same seed"),
    Flag.optional
  ),
  pace: Flag.Finite("pace").pipe(
    Flag.withSchema(Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 10_000 }))),
    Flag.withDescription("How slowly messages are delivered. 1 is half a second, and 0 is at once"),
    Flag.withDefault(1)
  ),
  faults: Flag.String("fault").pipe(
    Flag.withSchema(Schema.fromJsonString(Fault)),
    Flag.withMetavar("json"),
    Flag.withDescription("A rule of faults, as POST /_emulator/faults takes it. Repeat the flag for several"),
    Flag.between(0, 100)
  ),
  json: Flag.Boolean("json").pipe(
    Flag.withDescription("Print one line of JSON with url and env"),
    Flag.withDefault(false)
  )
}

// Loaded on demand: other commands need none of it.
const load = Effect.promise(() => import("../emulator/Emulator.ts"))

const exports = (variables: Readonly<Record<string, string>>): string =>
  Object.entries(variables).map(([name, value]) => `export ${name}=${value}`).join("\n")

const text = ({ carriers, env, extras, url }: Service): string => {
  const rows = carriers.map(({ name, numbers, title }) => `#   ${title}: ${url}/${name}, with ${numbers.join(", ")}`)
  const person = "+15145550142"
  return `# The emulator plays these carriers, and no message leaves this machine:
${rows.join("\n")}

# In another terminal, set these variables and start the server: effect-sms serve
${exports(env)}

# These may be set too:
${exports(extras).replaceAll("export", "# export")}

# Text the server as a person, and read what a person got:
#   curl -H 'content-type: application/json' -d '{"text":"Hello"}' ${url}/_emulator/people/${person}/messages
#   curl ${url}/_emulator/people/${person}/messages
# docs/emulator.md lists the numbers that fail, and the rest of the API. Ctrl-C stops the emulator.
`
}

export const command = (carriers: ReadonlyArray<Lazy>) =>
  Command.make("emulate", flags, ({ app, faults, json, pace, port, seed }) =>
    Effect.gen(function*() {
      const { make } = yield* load
      const emulator = yield* make({ carriers, appUrl: app, pace, port, seed: Option.getOrUndefined(seed) })
      for (const fault of faults) yield* emulator.addFault(fault)
      const { env, url } = emulator
      yield* Console.log(json ? JSON.stringify({ url, env }) : text(emulator))
      return yield* Effect.never
    }).pipe(
      Effect.scoped,
      Effect.catchTag("ListenError", ({ message }) => fail(`${message}: choose another with --port`))
    )).pipe(
      Command.withDescription(
        `Plays the carriers on this machine, for development and tests without an account: their APIs, as their official
clients use them, and their webhooks, signed as they sign them. The credentials are made up, and no others are accepted.
It prints the environment variables of a server that uses it.

Messages to +15005551000 and the numbers after it fail, each in its own way: docs/emulator.md has the table.`
      ),
      Command.withShortDescription("Plays the carriers on this machine"),
      Command.withExamples([
        { command: "effect-sms emulate", description: "Play all carriers for a server on port 3000" },
        {
          command: "effect-sms emulate --fault '{\"probability\":0.05,\"effect\":{\"type\":\"cut\"}}'",
          description: "Lose the answer to one request in twenty, after the message went out"
        }
      ])
    )
