/**
 * A send whose database fails: wherever that happens, the caller is told to try
 * again only if nothing went out.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schedule } from "effect"
import { RoomKit } from "../../src/rooms/RoomKit.ts"
import { OutcomeUnknown } from "../../src/SmsError.ts"
import { faster } from "../clock.ts"
import { observe } from "../observe.ts"
import { atEach, type Fault, inject } from "../sql/faults.ts"
import { message, sent } from "./gateway.ts"
import { call, layerStored, receive, type Response } from "./storedGateway.ts"

const ann = "+15145550142"

type Send = (roomId: string, headers: Readonly<Record<string, string>>) => ReturnType<typeof call>

const sends: Readonly<Record<string, Send>> = {
  "in a room": (roomId, headers) => call("POST", `/rooms/${roomId}/messages`, { text: "hello" }, headers),
  "to a number": (_, headers) => call("POST", "/messages", message, headers)
}

const key = { "idempotency-key": "once" }

/** A failure, a lost answer, and a database that is away. */
const faults: ReadonlyArray<Omit<Fault, "at">> = [
  { count: 1, executed: false },
  { count: 1, executed: true },
  { count: Infinity, executed: false }
]

const limit = 400_000

/** Most of the time goes by until a store that failed is asked again. */
const rate = 20

const done = ["200 undefined", "202 undefined"]
const unsent = ["503 StorageUnavailable", "503 ProviderUnavailable"]

const describes = ({ json, status }: Response): string => `${status} ${json["reason"]}`

const opened = Effect.gen(function*() {
  yield* receive("Is it on its way?", ann)
  const rooms = Effect.map(
    call("GET", `/rooms?number=${ann}`),
    ({ json }) => json["items"] as ReadonlyArray<{ readonly id: string }>
  )
  const [room] = yield* Effect.repeat(rooms, {
    until: ({ length }) => length > 0,
    schedule: Schedule.spaced("50 millis")
  })
  return room!.id
})

/** The number of sends and of events of a room whose outcome is not stored yet. */
const unstored = Effect.fnUntraced(function*(roomId: string) {
  const { json: sending } = yield* call("GET", "/messages?state=sending")
  const kit = yield* RoomKit
  const events = (yield* kit.store.history(roomId)) ?? []
  return (sending["items"] as ReadonlyArray<unknown>).length +
    events.filter(({ deliveries }) => deliveries === undefined).length
})

/** Asks for a send while the database fails, and, as the answer says, again when it is back. */
const survive = (send: Send, headers: Readonly<Record<string, string>>, injected: ReadonlyArray<Fault>) =>
  Effect.gen(function*() {
    const roomId = yield* opened
    const [answer, count] = yield* Effect.scoped(Effect.gen(function*() {
      const database = yield* inject(injected)
      return [yield* send(roomId, headers), database.count()] as const
    }))
    const first = (yield* sent).length
    assert.include(first === 0 ? unsent : [...done, "504 OutcomeUnknown"], describes(answer))
    if (answer.status === 503 || headers === key) {
      const again = yield* send(roomId, headers)
      if (answer.status === 503) assert.include(done, describes(again))
      assert.lengthOf(yield* sent, 1)
    }
    // Every outcome is stored in the end. A message that was stored although the answer was lost was never sent.
    if (answer.status !== 503) {
      yield* Effect.repeat(unstored(roomId), { until: (count) => count === 0, schedule: Schedule.spaced("50 millis") })
    }
    return count
  }).pipe(Effect.provide(Layer.provideMerge(layerStored(), observe().layer), { local: true }), faster(rate))

describe("a send whose database fails", () => {
  for (const [name, send] of Object.entries(sends)) {
    for (const headers of [{}, key]) {
      it.live(
        `${name}, ${headers === key ? "with" : "without"} a key, is answered with 503 only if it did not go out`,
        () =>
          Effect.flatMap(survive(send, headers, []), (count) =>
            Effect.forEach(
              faults,
              (fault) => atEach(count, (at) => survive(send, headers, [{ at, ...fault }]))
            )),
        limit
      )
    }
  }

  const resendWith = (injected: ReadonlyArray<Fault>) => {
    let requests = 0
    const respond = () => ++requests === 1 ? Effect.fail(new OutcomeUnknown({ because: "Timeout" })) : Effect.void
    return Effect.gen(function*() {
      assert.strictEqual((yield* call("POST", "/messages", message)).status, 504)
      const { json } = yield* call("GET", "/messages?state=unknown")
      const [{ id }] = json["items"] as readonly [{ readonly id: string }]
      const resend = call("POST", `/intents/${id}/resend`)
      const [answer, count] = yield* Effect.scoped(Effect.gen(function*() {
        const database = yield* inject(injected)
        return [yield* resend, database.count()] as const
      }))
      assert.include((yield* sent).length === 0 ? unsent : done, describes(answer))
      assert.include(done, describes(yield* resend))
      assert.lengthOf(yield* sent, 1)
      // The decision is stored in the end.
      const isDecided = Effect.map(call("POST", `/intents/${id}/give-up`), ({ status }) => status === 409)
      yield* Effect.repeat(isDecided, { until: (isDecided) => isDecided, schedule: Schedule.spaced("50 millis") })
      return count
    }).pipe(Effect.provide(Layer.provideMerge(layerStored(respond), observe().layer), { local: true }), faster(rate))
  }

  it.live(
    "when an operator resends it, is answered with 503 only if it did not go out",
    () =>
      Effect.flatMap(
        resendWith([]),
        (count) => Effect.forEach(faults, (fault) => atEach(count, (at) => resendWith([{ at, ...fault }])))
      ),
    limit
  )
})
