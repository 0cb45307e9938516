/**
 * Plays a recording against a server. Loaded on demand.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Redacted from "effect/Redacted"
import * as WebUrl from "../internal/webUrl.ts"
import * as NodeCrypto from "../NodeCrypto.ts"
import type { Lazy } from "../provider/Carrier.ts"
import { publicUrl } from "../provider/Environment.ts"
import type { Sign } from "../provider/Recording.ts"
import * as Player from "../recording/Player.ts"
import * as Recording from "../recording/Recording.ts"
import { exitCodes, fail } from "./Failed.ts"

/** What a replay is made of. */
export interface Play {
  readonly recording: string
  readonly to: string
  readonly seed: number
  readonly repeats: number
  readonly shuffle: number
  readonly speed: number | undefined
  readonly json: boolean
}

/** Reads how to sign the webhooks of the providers. */
const signers = Effect.fnUntraced(function*(carriers: ReadonlyArray<Lazy>, names: ReadonlySet<string>) {
  const signers = new Map<string, Sign>()
  for (const carrier of carriers.filter(({ name }) => names.has(name))) {
    const sign = yield* (yield* (yield* carrier.load).environment).sign
    if (sign !== undefined) signers.set(carrier.name, sign)
  }
  return (provider: string) => signers.get(provider)
})

const counted = (count: number): string => `${count} ${count === 1 ? "webhook" : "webhooks"}`

const summary = ({ answers, repeats, sent }: Player.Outcome): string =>
  [
    `Sent ${counted(sent)}${repeats === 0 ? "" : `, ${repeats} of them again`}`,
    ...Object.entries(answers).map(([status, count]) => `${status === "none" ? "no answer" : status}: ${count}`)
  ].join("; ")

export const play = Effect.fnUntraced(
  function*({ json, recording, repeats, seed, shuffle, speed, to }: Play, carriers: ReadonlyArray<Lazy>) {
    if (WebUrl.parse(to) === undefined) return yield* fail("--to must be an http or https URL", exitCodes.usage)
    const fs = yield* FileSystem.FileSystem
    const text = yield* Effect.catch(fs.readFileString(recording), () => fail(`${recording} cannot be read`))
    const webhooks = yield* Effect.catch(
      Recording.fromText(text),
      ({ message }) => fail(`${recording}: ${message}`)
    )
    const deliveries = yield* Player.plan(webhooks, { seed, repeats, shuffle })
    const outcome = yield* Effect.catchTags(
      Player.play(deliveries, {
        to,
        publicUrl: yield* publicUrl,
        speed,
        signOf: yield* signers(carriers, new Set(webhooks.map(({ provider }) => provider)))
      }),
      {
        UnknownSigner: ({ message }) => fail(`${message}. Set the variables of the server`),
        CryptoError: ({ message }) => fail(`A webhook cannot be signed: ${message}`),
        HttpClientError: () => fail(`${to} cannot be reached: is the server running, and is this its address?`)
      }
    )
    yield* Console.log(json ? JSON.stringify(outcome) : summary(outcome))
    if (outcome.refused > 0) return yield* fail(`The server did not take ${counted(outcome.refused)}`)
  },
  Effect.catchTag(["InvalidVariable", "ConfigError"], ({ message }) => fail(message)),
  Effect.provide([NodeCrypto.layer, NodeHttpClient.layerUndici])
)

/** Prints new key pairs of the carriers that sign with a private key. */
export const printKeys = Effect.fnUntraced(function*(json: boolean, carriers: ReadonlyArray<Lazy>) {
  const keys: Record<string, string> = {}
  for (const { load } of carriers) {
    const { generateKeys } = yield* (yield* load).environment
    if (generateKeys === undefined) continue
    for (const [name, value] of Object.entries(yield* Effect.orDie(generateKeys))) keys[name] = Redacted.value(value)
  }
  if (json) return yield* Console.log(JSON.stringify(keys))
  for (const [name, value] of Object.entries(keys)) yield* Console.log(`export ${name}=${value}`)
}, Effect.provide(NodeCrypto.layer))
