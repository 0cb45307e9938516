/**
 * Sends a message through one of several providers, with failover to the next
 * one when a provider provably did not accept the message for a reason of its
 * own.
 *
 * The router tries the providers of `SmsProviders` that can send, in order,
 * each once. It fails over only when `SmsError.canFailOver` allows it: never
 * for a message that may have been sent (`OutcomeUnknown`), never when a part
 * of it was sent, and never when the cause is the message or its recipient,
 * such as an opt-out.
 *
 * A message with a sender is offered with that sender to every provider. A
 * provider that does not own the sender refuses it with `InvalidSender`, which
 * costs a request: where numbers belong to providers, let `order` return only
 * the owner. A message without a sender uses the default sender of the provider
 * that sends it, and so may come from another number after a failover.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { constant } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { DeliveryTracker } from "../delivery/DeliveryTracker.ts"
import { retries } from "../delivery/internal/retries.ts"
import { sentOf } from "../delivery/internal/sentOf.ts"
import * as Counters from "../internal/counters.ts"
import { compact } from "../internal/record.ts"
import type { OutboundMessage, SendReceipt } from "../Message.ts"
import type { PartOf, SendSettings } from "../provider/Sending.ts"
import type { Service as Provider } from "../provider/SmsProvider.ts"
import { SmsProviders } from "../provider/SmsProviders.ts"
import { NotSupported, SmsError } from "../SmsError.ts"

/**
 * The named provider is not registered. The error does not repeat the name,
 * which may be untrusted input.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotRegistered extends Schema.TaggedError<NotRegistered>()("NotRegistered", {
  /** The registered providers that can send. */
  sending: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `No provider has this name; providers that can send: ${this.sending.join(", ") || "none"}`
  }
}

/**
 * The named provider is not configured for sending.
 *
 * @category errors
 * @since 0.1.0
 */
export class OnlyReceives extends Schema.TaggedError<OnlyReceives>()("OnlyReceives", {
  provider: Schema.String,
  /** The registered providers that can send. */
  sending: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `${this.provider} only receives; providers that can send: ${this.sending.join(", ") || "none"}`
  }
}

/**
 * No registered provider can send, or `order` names none that can.
 *
 * @category errors
 * @since 0.1.0
 */
export class NoProvider extends Schema.TaggedError<NoProvider>()("NoProvider", {}) {
  override get message(): string {
    return "No provider can send"
  }
}

/**
 * A message for which no provider could be tried.
 *
 * @category errors
 * @since 0.1.0
 */
export class SmsRouterError extends Schema.TaggedError<SmsRouterError>()("SmsRouterError", {
  reason: Schema.Union([NotRegistered, OnlyReceives, NoProvider])
}) {
  override readonly cause = this.reason
  override get message(): string {
    return this.reason.message
  }
}

/**
 * Options of one send.
 *
 * @category models
 * @since 0.1.0
 */
export interface SendOptions extends SendSettings {
  /** The only provider to try. */
  readonly provider?: string | undefined
  /** The first part to send, when the named provider has sent the earlier ones. */
  readonly from?: PartOf | undefined
}

/**
 * The members of {@link SmsRouter}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /**
   * Sends a message through the first provider that accepts it, or only through
   * the named one. Fails with the error of the provider that was tried last; its
   * `earlier` contains the previous refusals in order.
   */
  readonly send: (
    message: OutboundMessage,
    options?: SendOptions
  ) => Effect.Effect<SendReceipt, SmsError | SmsRouterError>
}

/**
 * The service that routes messages to providers.
 *
 * @category services
 * @since 0.1.0
 */
export class SmsRouter extends Context.Service<SmsRouter, Service>()("effect-sms/SmsRouter") {}

/**
 * Options of {@link layer}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /**
   * The names of the providers to try, in order, as a list or as a function of
   * the message. Repeated names count once. By default all providers that can
   * send, in order of registration.
   */
  readonly order?: ReadonlyArray<string> | ((message: OutboundMessage) => ReadonlyArray<string>) | undefined
}

const countFailover = Counters.make(
  "sms_failovers_total",
  "Failovers to the next provider, by refusing provider and reason"
)

type Earlier = NonNullable<SmsError["earlier"]>

const withEarlier = ({ accepted, part, provider, reason }: SmsError, earlier: Earlier): SmsError =>
  new SmsError({ provider, reason, earlier, ...compact({ accepted, part }) })

const sendFrom = (
  { name, send, sendRest }: Provider,
  message: OutboundMessage,
  from: PartOf | undefined,
  settings: SendSettings
): ReturnType<Provider["send"]> => {
  if (from === undefined) return send(message, settings)
  if (sendRest !== undefined) return sendRest(message, from, settings)
  const reason = new NotSupported({ field: "part", expected: "the first: the provider cannot send the others alone" })
  return Effect.fail(new SmsError({ provider: name, reason }))
}

/** Logs one line per message, with every provider that was tried. */
const logSend = (earlier: Earlier, provider: string, error: SmsError | undefined): Effect.Effect<void> => {
  const refused = earlier.map(({ provider, reason }) => `${provider} ${reason._tag}`)
  const asked = [...refused, `${provider} ${error?.reason._tag ?? "accepted"}`].join(", ")
  const line = (): Effect.Effect<void> => {
    if (error === undefined) {
      return earlier.length === 0
        ? Effect.logDebug("Message accepted")
        : Effect.logWarning("Message accepted after failover")
    }
    if (error.accepted !== undefined) return Effect.logWarning("Message partially accepted")
    if (error.reason._tag === "OutcomeUnknown") return Effect.logWarning("Message outcome unknown")
    // Other refusals are for the caller to handle, not the operator.
    return error.canFailOver
      ? Effect.logWarning("Message refused by every provider tried")
      : Effect.logInfo("Message refused")
  }
  return Effect.annotateLogs(line(), { asked })
}

/**
 * Builds a router on the registered providers. Fails when `order` is a list
 * with a provider that is not registered or cannot send; where `order` is a
 * function, `send` fails instead.
 *
 * When a `DeliveryTracker` is in the context, every accepted message id is
 * recorded before `send` returns, including those of a partially sent message.
 * A tracker that keeps failing is logged as a warning and does not affect the result.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  { order }: Options = {}
): Effect.fn.Return<Service, SmsRouterError, SmsProviders> {
  const providers = yield* SmsProviders
  const tracker = Option.getOrUndefined(yield* Effect.serviceOption(DeliveryTracker))
  const sending = providers.all.filter(({ capabilities }) => capabilities.send !== undefined)

  const named = (name: string): Effect.Effect<Provider, SmsRouterError> => {
    const provider = Option.getOrUndefined(providers.find(name))
    if (provider?.capabilities.send !== undefined) return Effect.succeed(provider)
    const known = { sending: sending.map(({ name }) => name) }
    return Effect.fail(
      new SmsRouterError({
        reason: provider === undefined
          ? new NotRegistered(known)
          : new OnlyReceives({ provider: provider.name, ...known })
      })
    )
  }
  const inOrder = (names: ReadonlyArray<string>) => Effect.forEach(new Set(names), named)

  const candidates: (message: OutboundMessage) => ReturnType<typeof inOrder> = typeof order === "function"
    ? (message) => inOrder(order(message))
    : constant(Effect.succeed(order === undefined ? sending : yield* inOrder(order)))

  const track = (receipt: SendReceipt): Effect.Effect<void> =>
    tracker === undefined ? Effect.void : Effect.forEach(
      sentOf(receipt),
      (sent) =>
        Effect.suspend(() => tracker.sent(sent)).pipe(
          // Without it, nothing would ask for the reports of the message that do not come.
          Effect.retry(retries),
          // Reporting the message as failed would be worse. The cause may contain personal data, so it is not logged.
          Effect.catchCause(() =>
            Effect.annotateLogs(Effect.logWarning("Delivery tracking failed for an accepted message"), {
              provider: sent.provider
            })
          )
        ),
      { discard: true }
    )

  /** Sends through one provider. An accepted message is tracked even if the caller is interrupted. */
  const ask = (provider: Provider, message: OutboundMessage, from: PartOf | undefined, settings: SendSettings) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.tap(Effect.result(restore(sendFrom(provider, message, from, settings))), (result) => {
        const receipt = Result.isSuccess(result) ? result.success : result.failure.accepted
        return receipt === undefined ? Effect.void : track(receipt)
      })
    )

  const send = Effect.fn("SmsRouter.send")(function*(
    message: OutboundMessage,
    { from, provider: pinned, ...settings }: SendOptions = {}
  ) {
    const asking = yield* pinned === undefined ? candidates(message) : Effect.map(named(pinned), (one) => [one])
    const earlier: Array<Earlier[number]> = []
    for (const [index, provider] of asking.entries()) {
      const result = yield* ask(provider, message, from, settings)
      const failure = Result.isFailure(result) ? result.failure : undefined
      if (failure?.canFailOver === true && index < asking.length - 1) {
        yield* countFailover(provider.name, failure.reason._tag)
        earlier.push({ provider: provider.name, reason: failure.reason })
        continue
      }
      yield* Effect.annotateCurrentSpan({ "sms.provider": provider.name, "sms.providers_asked": index + 1 })
      yield* logSend(earlier, provider.name, failure)
      if (Result.isSuccess(result)) return result.success
      return yield* earlier.length === 0 ? result.failure : withEarlier(result.failure, earlier)
    }
    return yield* new SmsRouterError({ reason: new NoProvider({}) })
  })

  return SmsRouter.of({ send })
})

/**
 * Provides a router on the registered providers: see {@link make}.
 *
 * **Example** (Failing over to a second carrier)
 *
 * ```ts
 * import { Layer } from "effect"
 * import { SmsProviders, SmsRouter, Twilio } from "effect-sms"
 *
 * declare const main: Twilio.Options
 * declare const backup: Twilio.Options
 *
 * export const Router = SmsRouter.layer().pipe(
 *   Layer.provide(SmsProviders.layer(
 *     Twilio.layer(main),
 *     Twilio.layer({ ...backup, name: "backup" })
 *   ))
 * )
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: Options): Layer.Layer<SmsRouter, SmsRouterError, SmsProviders> =>
  Layer.effect(SmsRouter, make(options))
