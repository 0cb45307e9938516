/**
 * A server and the emulated carriers, in processes of their own, with faults in
 * every exchange between them: messages go both ways, days pass until carriers
 * and server have repeated and asked what they do, and an operator decides about
 * what is left.
 */
import { assert } from "@effect/vitest"
import { Clock, Effect, Redacted, Schedule } from "effect"
import { FetchHttpClient, HttpClient, HttpClientRequest } from "effect/http"
import { HttpApiClient } from "effect/http-api"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { Address } from "../../src/Address.ts"
import * as Content from "../../src/Content.ts"
import type { ExchangeView, MessageView, ReceivedView } from "../../src/emulator/EmulatorApi.ts"
import * as EmulatorClient from "../../src/emulator/EmulatorClient.ts"
import type { Effect as FaultEffect } from "../../src/emulator/Fault.ts"
import { GatewayApi } from "../../src/http/MessagesApi.ts"
import type { IntentView } from "../../src/http/OperationsApi.ts"
import * as CarrierServer from "../../src/testing/CarrierServer.ts"
import { run } from "../main/process.ts"
import type { Pace } from "./fastTime.ts"

/** Every kind of fault, each with one exchange of twenty that it can happen to. */
const effects: ReadonlyArray<FaultEffect> = [
  { type: "delay", millis: 2000 },
  { type: "duplicate" },
  { type: "reorder" },
  { type: "lose" },
  { type: "corrupt" },
  { type: "rateLimit", retryAfter: 2 },
  { type: "serverError", status: 503 },
  { type: "serverError", status: 500, taken: true },
  { type: "cut" },
  { type: "reset" },
  { type: "drip", bytesPerSecond: 200 },
  { type: "wrongSignature" },
  { type: "clockSkew", seconds: -3600 },
  { type: "refuse", reason: "ContentRejected" },
  { type: "fail", state: "undelivered", reason: "Unreachable" }
]

const carriers = ["twilio", "sinch", "telnyx", "voicemeup"] as const
export type Carrier = (typeof carriers)[number]

/** The carrier of a message. */
export const carrierOf = (index: number): Carrier => carriers[index % carriers.length]!

/** The number of messages that a server asks about at a time, and the time limit of a request, in hours. */
const askedAtOnce = 4
const timeLimit = 31 / 3600

const token = "an-admin-token-of-this-test"
/** Nobody gets more messages than the emulator keeps of a person. */
const people = 500

/** The person of a message. */
export const personOf = (index: number) => `+1438200${String(index % people).padStart(4, "0")}`
export const textOf = (index: number) => `message ${index}`
export const questionOf = (index: number) => `question ${index}`

export interface Options {
  /** How many messages the server sends. */
  readonly sent: number
  /** How many messages people write. */
  readonly asked: number
  readonly seed: string
  readonly servers: number
  readonly databaseUrl: string
  /** How much faster the time runs than the machine's. A busy machine would miss the time limits with more. */
  readonly rate: number
}

export interface Run extends Pick<Options, "sent" | "asked"> {
  /** What the carriers have. */
  readonly messages: ReadonlyArray<MessageView>
  readonly exchanges: ReadonlyArray<ExchangeView>
  /** What each person got. */
  readonly received: ReadonlyMap<string, ReadonlyArray<ReceivedView>>
  /** The intents that an operator decided about. */
  readonly decided: { readonly resent: Set<string>; readonly givenUp: Set<string> }
  /** How often each fault happened. */
  readonly happened: ReadonlyArray<string>
}

/** A file with the time of all processes, which tells them when it jumps. */
const makeTime = Effect.fnUntraced(function*(directory: string) {
  const file = `${directory}/time.json`
  const begun = yield* Clock.currentTimeMillis
  let pace: Pace = { at: begun, time: begun, rate: 1 }
  writeFileSync(file, JSON.stringify(pace))
  const pids: Array<number> = []
  /** Lets a time pass at once, and the time after it at another rate. */
  const set = (hours: number, rate = pace.rate) =>
    Effect.map(Clock.currentTimeMillis, (at) => {
      pace = { at, time: pace.time + (at - pace.at) * pace.rate + hours * 3_600_000, rate }
      writeFileSync(file, JSON.stringify(pace))
      for (const pid of pids) process.kill(pid, "SIGUSR2")
    })
  return {
    env: { FAST_TIME: file },
    program: ["--import", `${import.meta.dirname}/fastTime.ts`, "src/main.ts"],
    add: (pid: number) => pids.push(pid),
    set
  }
})

/** Keeps the whole log of the emulator, which itself keeps the latest. */
const collect = Effect.fnUntraced(function*(emulator: EmulatorClient.Service) {
  const exchanges: Array<ExchangeView> = []
  const read = Effect.gen(function*() {
    const after = exchanges.at(-1)?.id ?? 0
    const next = yield* emulator.exchanges({ query: { after, limit: 10_000 } })
    assert.isTrue(next.length === 0 || next[0]!.id === after + 1, "The log was read too late")
    exchanges.push(...next)
  })
  yield* Effect.forkScoped(Effect.repeat(read, Schedule.spaced("100 millis")))
  return exchanges
})

const range = (length: number) => Array.from({ length }, (_, index) => index)

/** Starts the carriers and the servers, which all have the same time. */
const startAll = Effect.fnUntraced(function*({ databaseUrl, seed, servers: wanted }: Options) {
  const directory = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(`${tmpdir()}/effect-sms-faults-`)),
    (path) => Effect.sync(() => rmSync(path, { recursive: true }))
  )
  const time = yield* makeTime(directory)
  const appUrls = yield* Effect.all(Array.from({ length: wanted }, () => CarrierServer.closedUrl))
  const emulate = yield* run(
    ["emulate", "--json", "--port", "0", "--app", appUrls[0]!, "--seed", seed],
    time.env,
    time.program
  )
  time.add(emulate.pid)
  const { env, url }: { env: Record<string, string>; url: string } = JSON.parse(yield* emulate.until(/\n/))
  const emulator = yield* EmulatorClient.make({ baseUrl: url })
  const servers = yield* Effect.forEach(appUrls, (appUrl) =>
    Effect.gen(function*() {
      const server = yield* run(["serve"], {
        ...env,
        ...time.env,
        PORT: new URL(appUrl).port,
        ADMIN_TOKEN: token,
        DATABASE_URL: databaseUrl,
        LOG_FORMAT: "json"
      }, time.program)
      time.add(server.pid)
      yield* server.until(/Listening/)
      const client = yield* HttpApiClient.make(GatewayApi, {
        baseUrl: appUrl,
        transformClient: HttpClient.mapRequest(HttpClientRequest.bearerToken(Redacted.make(token)))
      })
      return { ...server, ...client }
    }))
  return { emulator, env, servers, time }
})

export const exchange = Effect.fnUntraced(function*(options: Options) {
  const { asked, sent } = options
  const { emulator, env, servers, time } = yield* startAll(options)
  const exchanges = yield* collect(emulator)
  yield* Effect.forEach(effects, (effect) => emulator.addFault({ payload: { probability: 0.05, effect } }))
  const serverOf = (index: number) => servers[Math.floor(index / carriers.length) % servers.length]!
  const { lists, operations } = servers[0]!

  const send = (index: number) =>
    serverOf(index).messages.send({
      headers: { "idempotency-key": `key-${index}` },
      payload: {
        to: Address.make(personOf(index)),
        text: textOf(index),
        provider: carrierOf(index),
        // Most are queued, and some callers wait for the answer.
        ...(index % 8 < 7 && { queue: true })
      }
    })

  const ask = (index: number) =>
    emulator.text({
      params: { number: personOf(index) },
      payload: {
        carrier: carrierOf(index),
        to: env[`${carrierOf(index).toUpperCase()}_FROM`]!,
        text: questionOf(index),
        ...(index % 10 === 9 && { media: [{}] })
      }
    })

  /** Waits until carriers and servers have nothing to tell each other for a while. */
  const quiet = Effect.gen(function*() {
    for (let [last, rounds] = [-1, 0]; rounds < 3; rounds++) {
      const count = exchanges.at(-1)?.id ?? 0
      if (count !== last) [last, rounds] = [count, 0]
      yield* Effect.sleep("110 millis")
    }
  })

  /** Lets a time pass, and returns the number of exchanges until there is silence. */
  const passOnce = Effect.fnUntraced(function*(hours: number) {
    const before = exchanges.at(-1)?.id ?? 0
    yield* time.set(hours)
    yield* quiet
    return (exchanges.at(-1)?.id ?? 0) - before
  })

  /**
   * Lets a time pass so many times. A server asks carriers about some messages at once, and about others when those have
   * an answer or their time limit is over. It has asked about all that are due before the next hours pass.
   */
  const pass = Effect.fnUntraced(function*(times: number, hours: number) {
    for (let count = 0; count < times; count++) {
      let asked = yield* passOnce(hours)
      while (asked >= askedAtOnce) asked = yield* passOnce(timeLimit)
    }
  })

  yield* time.set(0, options.rate)
  yield* Effect.all([
    Effect.forEach(range(sent), (index) => Effect.ignore(send(index)), { concurrency: 16, discard: true }),
    Effect.forEach(range(asked), (index) => Effect.delay(ask(index), "20 millis"), { discard: true })
  ], { concurrency: "unbounded" })
  const isQueued = Effect.map(
    Effect.forEach(["queued", "sending"] as const, (state) => operations.intents({ query: { state, limit: 1 } })),
    (intents) => intents.flat().length > 0
  )
  yield* Effect.repeat(isQueued, { while: (isQueued) => isQueued, schedule: Schedule.spaced("100 millis") })
  // Two days, in which carriers are asked about what is unknown.
  yield* pass(10, 0.05)
  yield* pass(12, 0.5)
  yield* pass(44, 1)

  const decided = { resent: new Set<string>(), givenUp: new Set<string>() }
  const received = (number: string) => emulator.received({ params: { number } })
  /** Decides as an operator who asks the person. */
  const decide = Effect.fnUntraced(function*({ id, to }: IntentView) {
    const { items } = yield* lists.messages({ query: { state: "unknown", number: to, limit: 100 } })
    const listed = items.find((one) => one.id === id)
    // Its outcome has become known meanwhile.
    if (listed === undefined) return
    const text = Content.text(listed.content)
    const isReceived = (yield* received(to)).some((one) => one.text === text)
    const decision = isReceived ? operations.giveUp({ params: { id } }) : operations.resend({ params: { id } })
    const { _tag } = yield* Effect.result<unknown, unknown, never>(decision)
    if (_tag === "Success") (isReceived ? decided.givenUp : decided.resent).add(id)
  })
  const decideAll = Effect.gen(function*() {
    const unknown = yield* operations.intents({ query: { state: "unknown", limit: 500 } })
    yield* Effect.forEach(unknown, decide, { concurrency: 16, discard: true })
    yield* quiet
    return unknown.length
  })
  yield* Effect.repeat(decideAll, { while: (count) => count > 0, times: 50 })
  // A week, in which carriers are asked for reports that did not come.
  yield* pass(36, 6)

  const messages = yield* Effect.forEach(
    carriers,
    (carrier) => emulator.messages({ query: { carrier, limit: 10_000 } })
  )
  const faults = yield* emulator.faults()
  const inboxes = yield* Effect.forEach(
    range(Math.min(people, Math.max(asked, sent))),
    (index) => Effect.map(received(personOf(index)), (got) => [personOf(index), got] as const)
  )
  for (const server of servers) assert.strictEqual((yield* server.end("SIGTERM"))[0], 0)
  const found: Run = {
    asked,
    sent,
    messages: messages.flat(),
    exchanges,
    received: new Map(inboxes),
    decided,
    happened: faults.map(({ fault, happened }) => `${fault.effect.type} ${happened}`)
  }
  return { ...found, log: servers.map((server) => server.output()).join("") }
}, Effect.provide(FetchHttpClient.layer))
