/**
 * Sends through one provider of several, and through the next when that one
 * provably did not take the message for a reason of its own.
 *
 * The providers of `SmsProviders` that can send are asked in an order, each
 * once. The next is asked only when `SmsError.canFailOver` allows it: never for
 * a message that may have gone out (`OutcomeUnknown`), never when a part of it
 * did, and never when the message or its recipient is the reason, such as an
 * opt-out.
 *
 * A message that names a sender is offered with that sender to each of them. A
 * provider that does not own it refuses with `InvalidSender`, and the next is
 * asked, at the cost of a request: where numbers belong to providers, let
 * `order` name the owner alone. A message without one gets the default sender
 * of whoever sends it, and so may come from another number after a refusal.
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
import * as Counters from "../internal/counters.ts"
import { compact } from "../internal/record.ts"
import type { OutboundMessage, SendReceipt } from "../Message.ts"
import type { Service as Provider } from "../provider/SmsProvider.ts"
import { SmsProviders } from "../provider/SmsProviders.ts"
import { SmsError } from "../SmsError.ts"

/**
 * A provider was named that is not registered. The name is not repeated: it may
 * come from outside.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotRegistered extends Schema.TaggedError<NotRegistered>()("NotRegistered", {
  /** The registered providers that can send. */
  sending: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `No provider has this name; those that send: ${this.sending.join(", ") || "none"}`
  }
}

/**
 * A provider was named that is not configured to send.
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
    return `${this.provider} only receives; those that send: ${this.sending.join(", ") || "none"}`
  }
}

/**
 * There is nobody to ask: no registered provider can send, or the order names
 * none.
 *
 * @category errors
 * @since 0.1.0
 */
export class NoProvider extends Schema.TaggedError<NoProvider>()("NoProvider", {}) {
  override get message(): string {
    return "There is no provider to send with"
  }
}

/**
 * A message for which no provider could be asked.
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
 * The members of {@link SmsRouter}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /**
   * Sends a message through the first provider that takes it, or through the
   * named one alone. Fails with the error of the provider that was asked last;
   * its `earlier` has the refusals before, in order.
   */
  readonly send: (
    message: OutboundMessage,
    options?: { readonly provider?: string | undefined }
  ) => Effect.Effect<SendReceipt, SmsError | SmsRouterError>
}

/**
 * The router.
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
   * The names of the providers to ask, in order, for every message or by
   * message. A name that is repeated counts once. By default all that can send,
   * in the order of their registration.
   */
  readonly order?: ReadonlyArray<string> | ((message: OutboundMessage) => ReadonlyArray<string>) | undefined
}

const countFailover = Counters.make(
  "sms_failovers_total",
  "Messages that went on to the next provider, by the one that refused and its reason"
)

type Earlier = NonNullable<SmsError["earlier"]>

const withEarlier = ({ accepted, part, provider, reason }: SmsError, earlier: Earlier): SmsError =>
  new SmsError({ provider, reason, earlier, ...compact({ accepted, part }) })

/** One line for each message, with all that were asked. */
const logSend = (earlier: Earlier, provider: string, error: SmsError | undefined): Effect.Effect<void> => {
  const refused = earlier.map(({ provider, reason }) => `${provider} ${reason._tag}`)
  const asked = [...refused, `${provider} ${error?.reason._tag ?? "accepted"}`].join(", ")
  const line = (): Effect.Effect<void> => {
    if (error === undefined) {
      return earlier.length === 0
        ? Effect.logDebug("A message was accepted")
        : Effect.logWarning("A message was accepted, after refusals")
    }
    if (error.accepted !== undefined) return Effect.logWarning("A part of a message was accepted, and the rest was not")
    if (error.reason._tag === "OutcomeUnknown") return Effect.logWarning("A message may have been accepted or not")
    // With others the sender of the message has to deal, and not the operator.
    return error.canFailOver
      ? Effect.logWarning("A message was refused by all who were asked")
      : Effect.logInfo("A message was refused")
  }
  return Effect.annotateLogs(line(), { asked })
}

/**
 * A router on the registered providers. Fails when the order, given as names,
 * has one that is not registered or cannot send; where the order is a function,
 * `send` does.
 *
 * When there is a `DeliveryTracker`, each accepted id is told to it before
 * `send` ends, also those of the parts that went out before another one failed.
 * A tracker that fails changes nothing of what became of the message: there is
 * a warning.
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
    const provider = sending.find((provider) => provider.name === name)
    if (provider !== undefined) return Effect.succeed(provider)
    const known = { sending: sending.map(({ name }) => name) }
    return Effect.fail(
      new SmsRouterError({
        reason: Option.isSome(providers.find(name))
          ? new OnlyReceives({ provider: name, ...known })
          : new NotRegistered(known)
      })
    )
  }
  const inOrder = (names: ReadonlyArray<string>) => Effect.forEach(new Set(names), named)

  const candidates: (message: OutboundMessage) => ReturnType<typeof inOrder> = typeof order === "function"
    ? (message) => inOrder(order(message))
    : constant(Effect.succeed(order === undefined ? sending : yield* inOrder(order)))

  /** The receipt's status is that of its last part; of those before it is known that they were accepted. */
  const track = ({ carrierStatus, messageIds, provider, recipient, status }: SendReceipt): Effect.Effect<void> =>
    tracker === undefined ? Effect.void : Effect.forEach(
      messageIds,
      (messageId, index) =>
        Effect.suspend(() =>
          tracker.sent({
            provider,
            messageId,
            recipient,
            ...(index === messageIds.length - 1 && { status, carrierStatus })
          })
        ).pipe(
          // Whatever it was, to say that the message was not accepted would be worse. What is in it may be personal.
          Effect.catchCause(() =>
            Effect.annotateLogs(Effect.logWarning("An accepted message could not be tracked"), { provider })
          )
        ),
      { discard: true }
    )

  /** Asks one provider. What it accepted is tracked, even if the caller goes away. */
  const ask = (provider: Provider, message: OutboundMessage) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.tap(Effect.result(restore(provider.send(message))), (result) => {
        const receipt = Result.isSuccess(result) ? result.success : result.failure.accepted
        return receipt === undefined ? Effect.void : track(receipt)
      })
    )

  const send = Effect.fn("SmsRouter.send")(function*(
    message: OutboundMessage,
    { provider: pinned }: { readonly provider?: string | undefined } = {}
  ) {
    const asking = yield* pinned === undefined ? candidates(message) : Effect.map(named(pinned), (one) => [one])
    const earlier: Array<Earlier[number]> = []
    for (const [index, provider] of asking.entries()) {
      const result = yield* ask(provider, message)
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
 * A router on the registered providers: see {@link make}.
 *
 * **Example** (The second carrier when the first one cannot)
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
