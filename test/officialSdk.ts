/**
 * Compares what the SDK of a carrier sends for a message, over real HTTP, with what we send. Not to the emulator, which
 * knows only its own credentials and messages: these have those of the fixtures.
 */
import { assert, it } from "@effect/vitest"
import { DateTime, Effect, Schema, type Scope } from "effect"
import { TestClock } from "effect/testing"
import type { Address } from "../src/Address.ts"
import { OutboundMessage } from "../src/Message.ts"
import type { Service as Provider } from "../src/provider/SmsProvider.ts"
import * as SendReference from "../src/SendReference.ts"
import type { SmsError } from "../src/SmsError.ts"
import * as CarrierServer from "../src/testing/CarrierServer.ts"
import { decodeMessage, message, ours } from "../src/testing/internal/sendSubject.ts"
import { sendFixtures } from "./fixtures.ts"

export interface Sent<Options> {
  readonly message: OutboundMessage
  readonly options: Partial<Options>
  /** The body that the fixture says, if there is one. */
  readonly body: string | undefined
}

export interface Official<Options> {
  /** The folder of the fixtures. */
  readonly name: string
  /** The carrier, as a test calls it. */
  readonly title: string
  readonly acceptance: CarrierServer.Behaviour
  /** The sender of messages of any text. */
  readonly from: Address
  readonly providerAt: (url: string, options: Partial<Options>) => Effect.Effect<Provider, unknown, Scope.Scope>
  /** Sends the same message with the SDK. */
  readonly sendWithSdk: (url: string, sent: Sent<Options>) => Promise<unknown>
}

/** Puts the reference where a user of the SDK would: into the callback URL, and into the message's own reference. */
const referenced = <Options>({ message, options, ...sent }: Sent<Options>, intentId: string): Sent<Options> => {
  const reference = new SendReference.SendReference({ intentId, part: 1, of: 1 })
  const { statusCallback } = options as { readonly statusCallback?: string }
  return {
    ...sent,
    message: new OutboundMessage({ reference: SendReference.toText(reference), ...message }),
    options: {
      ...options,
      ...(statusCallback !== undefined && { statusCallback: SendReference.addToUrl(statusCallback, reference) })
    }
  }
}

export const testOfficial = <Options>(
  { acceptance, from, name, providerAt, sendWithSdk, title }: Official<Options>
): void => {
  /** One carrier gets our request and that of the SDK. */
  const assertSame = Effect.fnUntraced(function*(sent: Sent<Options>, intentId?: string) {
    yield* TestClock.setTime(Date.parse("2026-01-01T00:00:00Z"))
    const carrier = yield* CarrierServer.serve(acceptance)
    const provider = yield* providerAt(carrier.url, sent.options)
    yield* provider.send(sent.message, { intentId })
    yield* Effect.promise(() => sendWithSdk(carrier.url, intentId === undefined ? sent : referenced(sent, intentId)))
    const [ours, theirs] = carrier.requests.map(({ body, headers, method, path }) => ({
      body,
      method,
      path,
      authorization: headers["authorization"],
      contentType: headers["content-type"],
      accept: headers["accept"]
    }))
    assert.lengthOf(carrier.requests, 2)
    assert.deepStrictEqual(ours, theirs)
  })

  it.effect.each(sendFixtures(name))(
    `sends $name as ${title}'s SDK does`,
    ({ intentId, message, options, request }) =>
      Effect.gen(function*() {
        const decoded = yield* decodeMessage(message)
        // Fixtures are JSON.
        const sent = { message: decoded, options: (options ?? {}) as Partial<Options>, body: request.body }
        yield* assertSame(sent, intentId)
      })
  )

  it.effect.prop(
    `encodes any text as ${title}'s SDK does`,
    { text: Schema.String.check(Schema.isMinLength(1)) },
    ({ text }) => assertSame({ message: message(`.${text.toWellFormed()}`, { from }), options: {}, body: undefined }),
    { arbitrary: { runs: 50 } }
  )
}

export interface OfficialQuery {
  readonly what: string
  readonly ask: (provider: Provider) => Effect.Effect<unknown, SmsError>
  /** Asks the same with the SDK. */
  readonly askWithSdk: (url: string) => Promise<unknown>
}

/** The lookup of a message to a customer that was sent at midnight. */
export const lookup = {
  intentId: "01K6ZJ8X5T0000000000000000",
  message: message("hello", { from: ours }),
  since: DateTime.makeUnsafe("2026-01-01T00:05:00Z"),
  until: DateTime.makeUnsafe("2026-01-01T00:05:30Z")
}

/** Compares the queries about messages with those of the SDK, whatever the order of their parameters. */
export const testOfficialQueries = (
  { answer, providerAt, queries, title }: {
    readonly title: string
    /** An answer that the SDK understands. */
    readonly answer: unknown
    readonly providerAt: (url: string) => Effect.Effect<Provider, unknown, Scope.Scope>
    readonly queries: ReadonlyArray<OfficialQuery>
  }
): void =>
  it.effect.each(queries)(`asks for $what as ${title}'s SDK does`, ({ ask, askWithSdk }) =>
    Effect.gen(function*() {
      const carrier = yield* CarrierServer.serve(CarrierServer.answer(200, answer))
      yield* ask(yield* providerAt(carrier.url))
      yield* Effect.promise(() => askWithSdk(carrier.url))
      const [mine, theirs] = carrier.requests.map(({ headers, method, path }) => {
        const { pathname, searchParams } = new URL(path, carrier.url)
        return [method, pathname, Object.fromEntries(searchParams), headers["authorization"], headers["accept"]]
      })
      assert.lengthOf(carrier.requests, 2)
      assert.deepStrictEqual(mine, theirs)
    }))
