/**
 * Runs the proxy that records webhooks. Loaded on demand.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as HttpServer from "effect/http/HttpServer"
import type * as HttpServerError from "effect/http/HttpServerError"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as NodeServer from "../http/NodeServer.ts"
import * as ServerConfig from "../http/ServerConfig.ts"
import * as WebhookServer from "../http/WebhookServer.ts"
import * as WebUrl from "../internal/webUrl.ts"
import * as NodeCrypto from "../NodeCrypto.ts"
import type { Lazy } from "../provider/Carrier.ts"
import type { Masking } from "../provider/Recording.ts"
import * as SmsProviders from "../provider/SmsProviders.ts"
import * as Recorder from "../recording/Recorder.ts"
import * as RecordingProxy from "../recording/RecordingProxy.ts"
import { exitCodes, fail } from "./Failed.ts"

/** The values of the flags of the command. */
export interface Flags {
  readonly out: string
  readonly to: string
  readonly port: number
  readonly host: string
}

const encoder = new TextEncoder()

/** Only the owner may read the recording: what is masked by default could be missed. */
const mode = 0o600

/** Creates the file of a recording. An earlier recording has other replacements, so nothing is appended to it. */
const create = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  const file = yield* Effect.catch(
    fs.open(path, { flag: "wx", mode }),
    ({ reason }) =>
      fail(
        reason._tag === "AlreadyExists"
          ? `${path} already exists: --out names a new file`
          : `${path} cannot be written: --out names a file in a folder that exists`
      )
  )
  return (line: string) => file.writeAll(encoder.encode(line))
})

const maskings = Effect.fnUntraced(function*(carriers: ReadonlyArray<Lazy>, names: Iterable<string>) {
  const maskings = new Map<string, Masking>()
  for (const name of names) {
    const carrier = carriers.find((carrier) => carrier.name === name)
    if (carrier !== undefined) maskings.set(name, yield* (yield* carrier.load).masking)
  }
  return (provider: string): Masking => maskings.get(provider) ?? { kindsOf: () => ({}) }
})

const listenError = ({ host, port }: Flags, { cause }: HttpServerError.ServeError): string =>
  typeof cause === "object" && cause !== null && "code" in cause && cause.code === "EADDRINUSE"
    ? `Port ${port} is in use: name another with --port`
    : `Cannot listen on ${host}, port ${port}: check --host and --port`

const counted = (count: number): string => `${count} ${count === 1 ? "webhook" : "webhooks"}`

const summary = ({ failed, recorded, refused }: Recorder.Counts, path: string): string =>
  [
    `Recorded ${counted(recorded)} in ${path}`,
    ...refused > 0 ? [`${counted(refused)} not authentic`] : [],
    ...failed > 0 ? [`${counted(failed)} not recorded`] : []
  ].join(", ")

const layerProxy = (input: Flags, carriers: ReadonlyArray<Lazy>, to: URL) =>
  Layer.unwrap(Effect.gen(function*() {
    const { providers, server } = yield* ServerConfig.load(carriers)
    if (providers.size === 0) {
      return yield* fail("No carrier is configured: set the variables that the server verifies webhooks with")
    }
    // Built first, so that an invalid variable leaves no file.
    const context = yield* Layer.build(SmsProviders.layer(...providers.values()))
    const recorder = yield* Recorder.make({
      maskingOf: yield* maskings(carriers, providers.keys()),
      write: yield* create(input.out)
    })
    const isListening = yield* Ref.make(false)
    // After the server has closed, so that every webhook is counted.
    yield* Effect.addFinalizer(Effect.fnUntraced(function*() {
      if (yield* Ref.get(isListening)) return yield* Console.log(summary(yield* recorder.counts, input.out))
      const fs = yield* FileSystem.FileSystem
      yield* Effect.ignore(fs.remove(input.out))
    }))
    const served = Effect.gen(function*() {
      const proxy = RecordingProxy.make({
        ...server,
        to,
        recorder,
        providers: Context.get(context, SmsProviders.SmsProviders)
      })
      const { address } = yield* HttpServer.HttpServer
      const port = "port" in address ? address.port : input.port
      const host = input.host.includes(":") ? `[${input.host}]` : input.host
      const listening = Effect.andThen(
        Ref.set(isListening, true),
        Console.log(`Recording on http://${host}:${port} what goes to ${input.to}`)
      )
      return Layer.merge(HttpServer.serve(proxy), Layer.effectDiscard(listening))
    })
    return Layer.unwrap(served).pipe(
      Layer.provide(NodeServer.layer({ port: input.port, host: input.host })),
      Layer.provide(WebhookServer.layerRedactedQueries)
    )
  }))

export const recordWebhooks = Effect.fnUntraced(
  function*(input: Flags, carriers: ReadonlyArray<Lazy>) {
    const to = WebUrl.parse(input.to)
    if (to === undefined) return yield* fail("--to must be an http or https URL", exitCodes.usage)
    return yield* Effect.catchTag(
      Layer.launch(layerProxy(input, carriers, to)),
      "ServeError",
      (error) => fail(listenError(input, error))
    )
  },
  Effect.catchTag(["InvalidVariable", "ConfigError"], ({ message }) => fail(message)),
  Effect.catchTag("DuplicateProvider", ({ message }) => fail(message)),
  Effect.provide([NodeCrypto.layer, NodeHttpClient.layerUndici])
)
