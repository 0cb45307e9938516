/**
 * Tests what a carrier is asked about messages that were sent, and what its
 * answers, also wrong ones, are read as.
 */
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import type { Scope } from "effect/Scope"
import { inspect } from "node:util"
import { Address } from "../../Address.ts"
import { DeliveryStatus } from "../../DeliveryStatus.ts"
import type { Lookup, StatusKey } from "../../provider/Query.ts"
import type { Service as Provider } from "../../provider/SmsProvider.ts"
import type { SmsError } from "../../SmsError.ts"
import * as CarrierServer from "../CarrierServer.ts"
import { customer, decodeMessage, message, passTime, type Rig, secretText, type Subject } from "./sendSubject.ts"

const encodeStatuses = Schema.encodeEffect(Schema.toCodecJson(Schema.Array(DeliveryStatus)))

const since = DateTime.makeUnsafe("2026-01-01T12:00:00Z")
const until = DateTime.makeUnsafe("2026-01-01T12:00:30Z")

/** The values of a query have no order. */
const parametersOf = (path: string): readonly [string, Readonly<Record<string, string>>] => {
  const { pathname, searchParams } = new URL(path, "http://localhost")
  return [pathname, Object.fromEntries(searchParams)]
}

/** What a carrier answers when something is wrong. */
const failures: ReadonlyArray<readonly [string, CarrierServer.Behaviour]> = [
  ["server error", CarrierServer.answer(500, { code: 1 })],
  ["wrong credentials", CarrierServer.answer(401, {})],
  ["rate limit", CarrierServer.answer(429, {})],
  ["broken connection", CarrierServer.reset],
  ["half an answer", CarrierServer.cut(200, { messages: [], batches: [], data: {} })],
  ["no answer", CarrierServer.hang]
]

/** Answers that are none. */
const garbage: ReadonlyArray<unknown> = ["<html>", "", [], "{}", { messages: 1, batches: 1, data: 1 }, null]

export const testQueries = ({ name, queries, secrets }: Subject, { providerAt }: Rig): void => {
  if (queries === undefined) {
    it.effect(`${name} cannot be asked about messages`, () =>
      Effect.gen(function*() {
        const provider = yield* providerAt(yield* CarrierServer.closedUrl)
        const { fetchCallbacks, fetchStatus, lookUp } = provider
        assert.deepStrictEqual([lookUp, fetchStatus, fetchCallbacks], [undefined, undefined, undefined])
      }))
    return
  }
  const { callbacks = [], lookUps = [], statuses = [] } = queries
  /** The options with which the callbacks are asked for. */
  const options = callbacks[0]?.options

  const assertRequest = ({ requests }: CarrierServer.CarrierServer, paths: ReadonlyArray<string>) => {
    assert.deepStrictEqual(requests.map(({ path }) => parametersOf(path)), paths.map(parametersOf))
    for (const { body, headers, method } of requests) {
      assert.deepStrictEqual([method, body], ["GET", ""])
      assert.deepInclude(headers, queries.headers)
      assert.notProperty(headers, "traceparent")
    }
  }

  /** What each kind of query gives, for a send and a message of the customer. */
  const askAll = (
    { fetchCallbacks, fetchStatus, lookUp }: Provider
  ): ReadonlyArray<Effect.Effect<ReadonlyArray<unknown>, SmsError>> => {
    const lookup: Lookup = { intentId: "1", message: message(secretText), since, until }
    const key: StatusKey = { messageId: "1", recipient: customer }
    return [
      ...lookUp === undefined ? [] : [lookUp(lookup)],
      ...fetchStatus === undefined ? [] : [fetchStatus(key)],
      ...fetchCallbacks === undefined ? [] : [fetchCallbacks]
    ]
  }

  describe(`${name} is asked`, () => {
    it.effect.each(lookUps)("for the message of a send: $name", (fixture) =>
      Effect.gen(function*() {
        const carrier = yield* CarrierServer.serve(CarrierServer.answer(fixture.answer.status, fixture.answer.body))
        const provider = yield* providerAt(carrier.url, { from: undefined, ...fixture.options })
        const message = yield* decodeMessage(fixture.message)
        const lookup = { intentId: fixture.intentId, message, since, until }
        const matches = yield* Effect.suspend(() => provider.lookUp!(lookup))
        assert.isNotEmpty(fixture.source)
        assertRequest(carrier, fixture.paths)
        assert.deepStrictEqual(
          matches,
          fixture.matches.map(({ sender, ...match }) => ({
            ...match,
            ...(sender !== undefined && { sender: Address.make(sender) })
          }))
        )
      }))

    it.effect.each(statuses)("for a status: $name", (fixture) =>
      Effect.gen(function*() {
        const answers = fixture.answers.map(({ body, status }) => CarrierServer.answer(status, body))
        const [first, ...rest] = answers
        const carrier = yield* CarrierServer.serve(CarrierServer.inTurn(first!, ...rest))
        const provider = yield* providerAt(carrier.url)
        const found = yield* Effect.suspend(() => provider.fetchStatus!(fixture.key))
        assertRequest(carrier, fixture.paths)
        const encoded = yield* encodeStatuses(found)
        assert.deepStrictEqual(
          (encoded as ReadonlyArray<object>).map((status) => ({ ...status, raw: undefined })),
          fixture.statuses.map((status) => ({ ...status as object, raw: undefined }))
        )
        // The text of the message is not kept with its status.
        for (const { raw } of found) assert.notInclude(JSON.stringify(raw), "swordfish")
      }))

    it.effect.each(callbacks)("where it posts received messages: $name", (fixture) =>
      Effect.gen(function*() {
        const [first = CarrierServer.reset, ...rest] = fixture.answers.map(({ body, status }) =>
          CarrierServer.answer(status, body)
        )
        const carrier = yield* CarrierServer.serve(CarrierServer.inTurn(first, ...rest))
        const provider = yield* providerAt(carrier.url, { from: undefined, ...fixture.options })
        const found = yield* Effect.suspend(() => provider.fetchCallbacks!)
        assertRequest(carrier, fixture.paths)
        // A URL that is not set is absent in a fixture.
        assert.deepStrictEqual(
          found,
          fixture.callbacks.map((one) => "unknown" in one ? one : { of: one.of, url: one.url })
        )
      }))

    const failing = (behaviour: CarrierServer.Behaviour) =>
      Effect.gen(function*() {
        const carrier = yield* CarrierServer.serve(behaviour)
        const provider = yield* providerAt(carrier.url, options)
        return yield* Effect.forEach(askAll(provider), (query, index) =>
          Effect.gen(function*() {
            const fiber = yield* Effect.forkChild(Effect.result(query))
            yield* carrier.received(index + 1)
            return yield* passTime(fiber, "1 second")
          }))
      })

    it.effect.each(failures)(
      "and an error is no answer: %s",
      ([, behaviour]): Effect.Effect<void, unknown, Scope> =>
        Effect.gen(function*() {
          const results = yield* failing(behaviour)
          assert.isNotEmpty(results)
          for (const result of results) {
            if (result._tag !== "Failure") return assert.fail("an error was read as an answer")
            const { failure } = result
            // A query has no outcome that could be unknown.
            assert.notStrictEqual(failure.reason._tag, "OutcomeUnknown")
            const printed = inspect(failure, { depth: Infinity, showHidden: true }) + failure.message
            for (const text of [...secrets, "swordfish", "5145550142"]) assert.notInclude(printed, text)
          }
        })
    )

    it.effect("and garbage finds nothing", () =>
      Effect.gen(function*() {
        for (const body of garbage) {
          const carrier = yield* CarrierServer.serve(CarrierServer.answer(200, body))
          for (const query of askAll(yield* providerAt(carrier.url, options))) {
            const result = yield* Effect.result(query)
            if (result._tag === "Success") assert.deepStrictEqual(result.success, [])
          }
        }
      }))

    it.effect("and an unknown message has no status", () =>
      Effect.gen(function*() {
        const carrier = yield* CarrierServer.serve(CarrierServer.answer(404, {}))
        const { fetchStatus } = yield* providerAt(carrier.url)
        if (fetchStatus === undefined) return
        assert.deepStrictEqual(yield* fetchStatus({ messageId: "a/../b", recipient: customer }), [])
        for (const { path } of carrier.requests) assert.notInclude(path, "/../")
      }))

    it.effect("and a slow query can be interrupted", () =>
      Effect.gen(function*() {
        const carrier = yield* CarrierServer.serve(CarrierServer.hang)
        const [query] = askAll(yield* providerAt(carrier.url, options))
        const fiber = yield* Effect.forkChild(query!)
        yield* carrier.received(1)
        yield* Fiber.interrupt(fiber)
      }))
  })
}
