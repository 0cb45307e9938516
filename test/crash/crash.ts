/**
 * Kills servers under load, and counts what became of what they had promised.
 */
import { Effect, Layer } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import { DeliveryStore } from "../../src/delivery/DeliveryStore.ts"
import { Inbox } from "../../src/inbox/Inbox.ts"
import * as NodeCrypto from "../../src/NodeCrypto.ts"
import { RoomStore } from "../../src/rooms/RoomStore.ts"
import { IntentStore } from "../../src/sending/IntentStore.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import { makeCarrier, start } from "./load.ts"
import { makeServer, pause } from "./servers.ts"

export interface Result {
  readonly kills: number
  readonly promised: {
    readonly messages: number
    readonly reports: number
    readonly sends: number
    readonly queued: number
  }
  /** Acknowledged messages that are in no room. */
  readonly lost: ReadonlyArray<string>
  /** Messages that are in a room more than once. */
  readonly doubled: ReadonlyArray<string>
  /** Acknowledged messages that the bot's answer was not sent for, nor is unknown. */
  readonly unanswered: ReadonlyArray<string>
  /** Texts that the carrier got more than once. */
  readonly sentTwice: ReadonlyArray<string>
  /** Sends that were answered with success and that the carrier did not get. */
  readonly notSent: ReadonlyArray<string>
  /** Queued messages that the carrier did not get, and that are not known as unknown. */
  readonly stillQueued: ReadonlyArray<string>
  /** Queued messages that the carrier did not get: a server was killed while it sent them. */
  readonly unknown: ReadonlyArray<string>
  /** Acknowledged delivery reports that are forgotten. */
  readonly forgotten: ReadonlyArray<string>
  readonly deadLetters: number
}

/** Waits until nothing is pending, for as long as it becomes less, and reads what the stores have. */
const inspect = Effect.gen(function*() {
  const inbox = yield* Inbox
  const rooms = yield* RoomStore
  let least = Infinity
  for (let rounds = 0;; rounds++) {
    const { pending } = yield* inbox.backlog()
    if (pending === 0) break
    if (pending < least) [least, rounds] = [pending, 0]
    if (rounds > 600) return yield* Effect.die(new Error(`Still pending: ${pending}`))
    yield* Effect.sleep("100 millis")
  }
  const counts = new Map<string, number>()
  for (const { id } of yield* rooms.rooms({ limit: 1000 })) {
    let before = Number.MAX_SAFE_INTEGER
    while (true) {
      const page = (yield* rooms.history(id, { before, limit: 500 })) ?? []
      for (const { event: { source } } of page) {
        if (source.externalId !== undefined) counts.set(source.externalId, (counts.get(source.externalId) ?? 0) + 1)
      }
      if (page.length < 500) break
      before = page[0]!.position
    }
  }
  return { counts, dead: (yield* inbox.backlog()).dead }
})

/** Waits until no message of these is queued or being sent, and gives the state of each. */
const settledStates = Effect.fnUntraced(function*(ids: Iterable<string>) {
  const { get } = yield* IntentStore
  const states = new Map<string, string>()
  for (const id of ids) {
    for (let rounds = 0; rounds < 600; rounds++) {
      const state = (yield* get(id))?.state ?? "lost"
      states.set(id, state)
      if (state !== "queued" && state !== "sending") break
      yield* Effect.sleep("100 millis")
    }
  }
  return states
})

/** Runs so many kills on so many servers that share the database. */
export const crash = async (options: {
  readonly kills: number
  /** When it ends although there were fewer kills. */
  readonly minutes: number
  readonly servers: number
  readonly databaseUrl: string
  readonly client: Layer.Layer<SqlClient.SqlClient, SqlError.SqlError>
}): Promise<Result> => {
  const carrier = await makeCarrier()
  const makeApp = () =>
    makeServer(`${import.meta.dirname}/app.ts`, [], { ...carrier.env, DATABASE_URL: options.databaseUrl })
  const servers = [await makeApp()]
  while (servers.length < options.servers) servers.push(await makeApp())
  const load = start(carrier, () => servers.map(({ base }) => base))
  const total = () =>
    load.promised.messages.size + load.promised.reports.size + load.promised.sends.size + load.promised.queued.size
  const end = performance.now() + options.minutes * 60_000
  let kills = 0
  for (; kills < options.kills && performance.now() < end; kills++) {
    // Once something more was promised, at any instant.
    const before = total()
    while (total() < before + 12) await pause(10)
    await pause(Math.random() * 300)
    const server = servers[kills % servers.length]!
    await server.kill("SIGKILL")
    await server.begin()
  }
  await load.stop()

  // The servers wait no longer for a heartbeat.
  const storage = Layer.provide(SqlStorage.layer({ beat: "200 millis", deadAfter: "1 second" }), [
    options.client,
    NodeCrypto.layer
  ])
  const { counts, dead, reported, states } = await Effect.runPromise(Effect.scoped(Effect.provide(
    Effect.gen(function*() {
      const found = yield* inspect
      const deliveries = yield* DeliveryStore
      const reported = yield* Effect.filter([...load.promised.reports], (messageId) =>
        Effect.map(
          deliveries.ofMessage({ provider: "twilio", messageId }),
          (all) => all.some(({ status }) => status === "delivered")
        ))
      const states = yield* settledStates(load.promised.queued.keys())
      return { ...found, states, reported: new Set(reported) }
    }),
    storage
  ))).finally(async () => {
    await Promise.all(servers.map(({ kill }) => kill("SIGTERM")))
    await carrier.close()
  })

  const { ids, messages, queued, reports, sends } = load.promised
  const taken = carrier.taken()
  const answered = (id: string) => taken.get(`re: message ${id}`) ?? 0
  return {
    kills,
    promised: { messages: messages.size, reports: reports.size, sends: sends.size, queued: queued.size },
    lost: [...messages].filter((id) => !counts.has(id)),
    doubled: [...counts].flatMap(([id, count]) => count > 1 ? [id] : []),
    unanswered: [...messages].filter((id) => answered(id) === 0),
    sentTwice: [...taken].flatMap(([text, count]) => count > 1 ? [text] : []),
    notSent: [...ids.keys()].filter((key) => !taken.has(key)),
    stillQueued: [...queued].flatMap(([id, text]) =>
      taken.has(text) || states.get(id) === "unknown" ? [] : [`${text}: ${states.get(id)}`]
    ),
    unknown: [...queued.values()].filter((text) => !taken.has(text)),
    forgotten: [...reports].filter((id) => !reported.has(id)),
    deadLetters: dead
  }
}
