/**
 * The description of a provider that the sending suite tests, and the helpers
 * that its tests share.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { Address } from "../../Address.ts"
import { type Content, MediaContent, TextContent } from "../../Content.ts"
import { OutboundMessage } from "../../Message.ts"
import type { Callback, Match, StatusKey } from "../../provider/Query.ts"
import type { SendOptions } from "../../provider/Sending.ts"
import { type Service as Provider, SmsProvider } from "../../provider/SmsProvider.ts"
import type { SmsErrorReason } from "../../SmsError.ts"
import * as CarrierServer from "../CarrierServer.ts"

/**
 * A message that the carrier accepts, and its request.
 *
 * @category models
 * @since 0.1.0
 */
export interface Fixture {
  /** The case that it covers, such as `media-with-caption`. */
  readonly name: string
  /** The source of the request and the response: the URL of the carrier's documentation, or how they were captured. */
  readonly source: string
  /** An `OutboundMessage` as JSON, as `Schema.toCodecJson` encodes it. */
  readonly message: unknown
  /** The id of the intent that travels with the message. */
  readonly intentId?: string
  /** Options of the provider, in addition to those that `Subject.layer` sets. */
  readonly options?: Readonly<Record<string, unknown>>
  /** The one request that the provider makes. */
  readonly request: {
    readonly method: string
    readonly path: string
    /** The headers that must be present, with names in lower case. */
    readonly headers: Readonly<Record<string, string>>
    /** The exact text of the body. */
    readonly body: string
  }
  /** The carrier's response. */
  readonly answer: { readonly status: number; readonly body: unknown }
  /** The resulting `SendReceipt`, as JSON. */
  readonly receipt: unknown
}

/**
 * A response that refuses a message.
 *
 * @category models
 * @since 0.1.0
 */
export interface Refusal {
  readonly status: number
  /** The body, as JSON or as text. */
  readonly body: unknown
  /** The reason of the resulting `SmsError`. */
  readonly reason: SmsErrorReason["_tag"]
  /** The carrier's error code, if the response has one. */
  readonly code?: string
}

/**
 * A send whose response was lost, and what the carrier is asked about it.
 *
 * @category models
 * @since 0.1.0
 */
export interface LookUpFixture {
  readonly name: string
  /** The source of the request and the response. */
  readonly source: string
  readonly intentId: string
  /** An `OutboundMessage` as JSON. It was sent between 12:00:00 and 12:00:30 UTC on 1 January 2026. */
  readonly message: unknown
  readonly options?: Readonly<Record<string, unknown>>
  /** The paths of the requests, with their queries. */
  readonly paths: ReadonlyArray<string>
  /** The carrier's response to each request. */
  readonly answer: { readonly status: number; readonly body: unknown }
  readonly matches: ReadonlyArray<Match>
}

/**
 * A message, and what the carrier is asked about its status.
 *
 * @category models
 * @since 0.1.0
 */
export interface StatusFixture {
  readonly name: string
  /** The source of the request and the response. */
  readonly source: string
  readonly key: StatusKey
  readonly paths: ReadonlyArray<string>
  readonly answers: ReadonlyArray<{ readonly status: number; readonly body: unknown }>
  /** The resulting statuses as JSON, without their `raw`. */
  readonly statuses: ReadonlyArray<unknown>
}

export interface CallbacksFixture {
  readonly name: string
  /** The source of the request and the response. */
  readonly source: string
  readonly options: Readonly<Record<string, unknown>>
  readonly paths: ReadonlyArray<string>
  readonly answers: ReadonlyArray<{ readonly status: number; readonly body: unknown }>
  readonly callbacks: ReadonlyArray<Callback>
}

/**
 * The queries of a provider that the suite tests.
 *
 * @category models
 * @since 0.1.0
 */
export interface Queries {
  /** The headers of every request. */
  readonly headers: Readonly<Record<string, string>>
  readonly lookUps?: ReadonlyArray<LookUpFixture>
  readonly statuses?: ReadonlyArray<StatusFixture>
  /** Where received messages are posted. The first makes a request. */
  readonly callbacks?: ReadonlyArray<CallbacksFixture>
}

/**
 * The description of a provider that the suite tests.
 *
 * @category models
 * @since 0.1.0
 */
export interface Subject {
  /** The provider's name. */
  readonly name: string
  /**
   * Provides the provider with these options, in addition to those that it
   * requires. The suite sets `baseUrl` to a local server that simulates the
   * carrier.
   */
  readonly layer: (
    options: SendOptions & Readonly<Record<string, unknown>>
  ) => Layer.Layer<SmsProvider, unknown, HttpClient.HttpClient>
  /** The credentials that `layer` uses. The suite looks for them in errors, logs and spans. */
  readonly secrets: ReadonlyArray<string>
  /** The messages to test. Include one for each kind of message, and one for each option that changes the request. */
  readonly fixtures: ReadonlyArray<Fixture>
  /** The refusals to test. Include one for each error code that the carrier documents. */
  readonly refusals: ReadonlyArray<Refusal>
  /** Builds the carrier's response that accepts a message with this id. */
  readonly accepts: (id: string) => { readonly status: number; readonly body: unknown }
  /** The queries to test. Absent when the carrier cannot be asked about messages. */
  readonly queries?: Queries | undefined
  /** Reads the text of the message from a request. Returns the empty string when there is none. */
  readonly textOf: (request: CarrierServer.Received) => string
}

export const decodeMessage = Schema.decodeUnknownEffect(Schema.toCodecJson(OutboundMessage))

export const customer = Address.make("+15145550142")
export const ours = Address.make("+15145550100")
export const secretText = "swordfish is the password, 5145550142"
export const file = (name: string) =>
  new MediaContent({ url: `https://media.example.com/${name}.jpg`, mimeType: "image/jpeg" })
export const message = (content: string | Content, fields: Partial<OutboundMessage> = {}) =>
  new OutboundMessage({
    to: customer,
    content: typeof content === "string" ? new TextContent({ text: content }) : content,
    ...fields
  })

export const clients = { fetch: NodeHttpClient.layerFetch, undici: NodeHttpClient.layerUndici }

/** Advances the clock in steps until the fiber ends, so that real responses can arrive in between. */
export const passTime = Effect.fnUntraced(function*<A, E>(fiber: Fiber.Fiber<A, E>, step: Duration.Input) {
  for (let turn = 0; turn < 2000 && fiber.pollUnsafe() === undefined; turn++) {
    yield* TestClock.adjust(step)
    yield* Effect.yieldNow
  }
  return yield* Fiber.join(fiber)
})

/** The helpers that the tests use on the subject. */
export interface Rig {
  readonly accepted: { readonly status: number; readonly body: unknown }
  /** Accepts the messages with the ids `id-1`, `id-2`, … */
  readonly acceptance: CarrierServer.Behaviour
  /** Makes the provider for a carrier at this URL. */
  readonly providerAt: (
    url: string,
    options?: SendOptions & Readonly<Record<string, unknown>>,
    client?: Layer.Layer<HttpClient.HttpClient>
  ) => Effect.Effect<Provider, unknown, Scope.Scope>
}

export const rigOf = ({ accepts, layer }: Subject): Rig => ({
  accepted: accepts("id-1"),
  acceptance: (_, number) => {
    const { body, status } = accepts(`id-${number}`)
    return CarrierServer.answer(status, body)
  },
  providerAt: (url, options = {}, client = clients.undici) =>
    Effect.map(
      Layer.build(layer({ from: ours, baseUrl: url, ...options }).pipe(Layer.provide(client))),
      Context.get(SmsProvider)
    )
})

/** Sends one message to a carrier with this behaviour, and waits for the outcome. */
export const outcomeOf = Effect.fnUntraced(function*(
  { providerAt }: Rig,
  behaviour: CarrierServer.Behaviour,
  options: SendOptions = {},
  { client = clients.undici, step = "1 second" }: {
    readonly client?: Layer.Layer<HttpClient.HttpClient>
    readonly step?: Duration.Input
  } = {}
) {
  const carrier = yield* CarrierServer.serve(behaviour)
  const provider = yield* providerAt(carrier.url, options, client)
  const fiber = yield* Effect.forkChild(Effect.exit(provider.send(message("hello"))))
  yield* carrier.received(1)
  const exit = yield* passTime(fiber, step)
  const error = Exit.isFailure(exit) ? yield* Effect.flip(exit) : undefined
  return { requests: carrier.requests, exit, reason: error?.reason, error }
})
