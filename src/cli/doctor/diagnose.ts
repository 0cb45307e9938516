/**
 * Makes all checks of `effect-sms doctor`, and prints their results.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import { type Examination, examine } from "../../http/internal/examination.ts"
import * as NodeCrypto from "../../NodeCrypto.ts"
import type { Lazy } from "../../provider/Carrier.ts"
import { printed } from "../calls.ts"
import { fail } from "../Failed.ts"
import * as Paint from "../paint.ts"
import { callbacks } from "./callbacks.ts"
import * as Clock from "./clock.ts"
import * as Configuration from "./configuration.ts"
import { database } from "./database.ts"
import * as Finding from "./Finding.ts"
import * as Server from "./server.ts"

const printReport = printed(Finding.Report)

/** Provides a client whose responses are compared with the clock. */
const timed = (samples: Clock.Samples) =>
  Effect.updateService(HttpClient.HttpClient, (client) => Clock.recording(client, samples))

const publicUrls = Effect.fnUntraced(function*({ config, wrong }: Examination, local: Server.Answer) {
  if (config === undefined || wrong.some(({ variable }) => variable === "PUBLIC_URL")) {
    return [Finding.skipped("PUBLIC_URL", "The configuration has to be corrected first")]
  }
  const { publicUrl } = config.server
  if (publicUrl === undefined) {
    return [Finding.warning("PUBLIC_URL", "It is not set", "Set it to the URL at which carriers reach the server")]
  }
  const urls = typeof publicUrl === "string" ? [publicUrl] : publicUrl
  return yield* Effect.forEach(
    urls,
    (url) => Effect.map(Server.probe(url), (answer) => Server.publicUrl(url, answer, local)),
    { concurrency: "unbounded" }
  )
})

/** Makes the checks. `url` is the address of the server, if it is not the one of the configuration. */
const findingsOf = Effect.fnUntraced(function*(carriers: ReadonlyArray<Lazy>, url: string | undefined) {
  const examination = yield* examine(carriers)
  const rest = Effect.gen(function*() {
    const samples = { carriers: Array<number>(), publicUrl: Array<number>() }
    const [ofDatabase, ofCallbacks, ofServer] = yield* Effect.all([
      database(examination),
      timed(samples.carriers)(callbacks(examination)),
      Effect.gen(function*() {
        const address = url ?? Server.localUrl(examination)
        const local = yield* Server.probe(address)
        const ofPublicUrls = yield* timed(samples.publicUrl)(publicUrls(examination, local))
        return [...ofPublicUrls, ...yield* Server.server(examination, address, local)]
      })
    ], { concurrency: "unbounded" })
    const ofClock = samples.carriers.length > 0
      ? Clock.clock(samples.carriers, "the carriers")
      : Clock.clock(samples.publicUrl, "PUBLIC_URL")
    return [
      ...yield* Configuration.carriers(examination),
      ...ofCallbacks,
      ofDatabase,
      ...ofServer,
      ofClock
    ]
  })
  return [
    ...yield* Configuration.variables(carriers, examination),
    ...yield* Effect.provideService(rest, ConfigProvider.ConfigProvider, examination.source)
  ]
})

/** Makes all checks and prints their results. Fails when a check failed. */
export const diagnose = Effect.fnUntraced(
  function*(
    carriers: ReadonlyArray<Lazy>,
    { json, url }: { readonly json: boolean; readonly url: string | undefined }
  ) {
    const findings = yield* findingsOf(carriers, url)
    const status = Finding.worst(findings)
    if (json) yield* printReport({ status, findings })
    else for (const line of Finding.format(findings, yield* Paint.ofOutput)) yield* Console.log(line)
    const failures = findings.filter(({ status }) => status === "failure").length
    if (failures > 0) return yield* fail(failures === 1 ? "1 check failed" : `${failures} checks failed`)
  },
  Effect.catchTag(["InvalidVariable", "ConfigError"], ({ message }) => fail(message)),
  Effect.provide([NodeHttpClient.layerUndici, NodeCrypto.layer, NodeServices.layer])
)
