/**
 * What all carriers do when they receive: check the size and the shape of a
 * webhook, explain a refusal, count.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Ref from "effect/Ref"
import { DeliveryStatus } from "../../DeliveryStatus.ts"
import * as Counters from "../../internal/counters.ts"
import * as Reference from "../../internal/reference.ts"
import * as Spans from "../../internal/spans.ts"
import { unchecked } from "../../internal/unchecked.ts"
import type { Payload } from "../../Payload.ts"
import { SendReference } from "../../SendReference.ts"
import * as WebhookError from "../../WebhookError.ts"
import type { WebhookEvent } from "../../WebhookEvent.ts"
import { unverifiedWebhook, type VerifiedWebhook, type WebhookHead, type WebhookRequest } from "../../WebhookRequest.ts"
import { headFault, requestFault } from "../core/head.ts"
import { notRaw } from "../core/rawBody.ts"
import { remembered } from "../core/remembered.ts"
import { defaultLimits, type Limits, type Receiver, type Verified } from "../Receiving.ts"
import { lengthFault } from "./lengths.ts"
import { invalidPayloadOf, reasonOf } from "./reasons.ts"

/** The receiving half of a provider. */
export interface Receive {
  readonly limits: Limits
  readonly checkHead: (head: WebhookHead) => Effect.Effect<void, WebhookError.WebhookError>
  readonly verify: (request: WebhookRequest) => Effect.Effect<VerifiedWebhook, WebhookError.WebhookError>
  readonly decode: (webhook: VerifiedWebhook) => Effect.Effect<ReadonlyArray<WebhookEvent>, WebhookError.WebhookError>
  readonly decodePayload: (payload: Payload) => Effect.Effect<ReadonlyArray<WebhookEvent>, WebhookError.WebhookError>
}

type Reason = WebhookError.WebhookErrorReason

// In a tenth of the time of `isExit` and `isSuccess`.
const success: unknown = Object.getPrototypeOf(Exit.void)

/** Returns whether an effect has already succeeded, as that of a core which needs no effects has. */
const isSuccess = <A, E>(effect: Effect.Effect<A, E>): effect is Exit.Success<A, E> =>
  Object.getPrototypeOf(effect) === success

const counterOf = Counters.makeUnsafe("sms_webhooks_total", "Webhooks by provider and outcome")

/** In bytes, URL and body. Ten times the usual webhook, and each of a hundred variants is hashed whole. */
const maxDiagnosedBytes = 4 * 1024
const maxDiagnosesPerSecond = 5

/** Returns a function that adds the references in the callback URL to delivery reports, if there are any. */
const reportedOn = remembered((url: string): ((event: WebhookEvent) => WebhookEvent) | undefined => {
  const found = Reference.ofCallback(url)
  if (found === undefined) return undefined
  const references = { ...found, ...(found.intent !== undefined && { intent: new SendReference(found.intent) }) }
  return (event) => event._tag === "DeliveryStatus" ? unchecked(DeliveryStatus, { ...references, ...event }) : event
})

export const make = (name: string, receiver: Receiver): Receive => {
  // Anyone could change the query of a webhook whose signature does not cover it.
  const isUrlSigned = receiver.capabilities.verification.covers.includes("url")
  const limits: Limits = { ...defaultLimits, ...receiver.limits }
  const bounds = { ...receiver, limits }
  const countWebhook = counterOf(name)
  const refuse = (reason: Reason) => new WebhookError.WebhookError({ provider: name, reason })

  const budget = Ref.makeUnsafe({ second: -1, left: 0 })
  const explain = Effect.fnUntraced(function*(
    reason: Reason,
    size: number,
    diagnose: (() => Effect.Effect<string | undefined>) | undefined
  ) {
    if (diagnose === undefined || reason._tag !== "InvalidSignature" || size > maxDiagnosedBytes) return reason
    const second = Math.floor((yield* Clock.currentTimeMillis) / 1000)
    const allowed = yield* Ref.modify(budget, (budget) => {
      const left = budget.second === second ? budget.left : maxDiagnosesPerSecond
      return [left > 0, { second, left: Math.max(0, left - 1) }]
    })
    const hint = allowed ? yield* diagnose() : undefined
    return hint === undefined ? reason : new WebhookError.InvalidSignature({ hint })
  })

  /** Fails with the reason, explained where that is possible. */
  const refused = (reason: Reason, ...how: [size: number, diagnose?: () => Effect.Effect<string | undefined>]) =>
    Effect.flatMap(explain(reason, how[0], how[1]), Effect.fail)

  const { diagnose, guard } = receiver

  const checkGuard = (head: WebhookHead): Effect.Effect<void, Reason> =>
    guard === undefined
      ? Effect.void
      : Effect.catch(guard.check(head), (reason) => refused(reason, head.url.length, () => guard.diagnose(head)))

  const checkSignature = (request: WebhookRequest, clock: Clock.Clock): Effect.Effect<Verified | void, Reason> => {
    const verified = receiver.verify(request, clock, limits)
    return isSuccess(verified) ? verified : Effect.catch(
      verified,
      (reason) => refused(reason, request.url.length + request.body.length, diagnose && (() => diagnose(request)))
    )
  }

  const check = (request: WebhookRequest, clock: Clock.Clock): Effect.Effect<Verified | void, Reason> => {
    const reason = notRaw(request) ?? requestFault(bounds, request)
    if (reason !== undefined) return Effect.fail(reasonOf(reason))
    return guard === undefined
      ? checkSignature(request, clock)
      : Effect.andThen(checkGuard(request), Effect.suspend(() => checkSignature(request, clock)))
  }

  const keyPrefix = `[${JSON.stringify(name)},`
  const bound = (key: string) => `${keyPrefix}${JSON.stringify(key)}]`

  /** Binds the keys to the provider: another may have the same for another request. */
  const accepted = (request: WebhookRequest, verified: Verified | void): VerifiedWebhook => {
    const webhook: { -readonly [K in keyof VerifiedWebhook]: VerifiedWebhook[K] } = unverifiedWebhook(name, request)
    if (verified?.payload !== undefined) webhook.payload = verified.payload
    if (verified?.idempotencyKeys !== undefined) webhook.idempotencyKeys = verified.idempotencyKeys.map(bound)
    return webhook
  }

  const checked = (
    events: ReadonlyArray<WebhookEvent>
  ): Effect.Effect<ReadonlyArray<WebhookEvent>, WebhookError.WebhookError> => {
    for (const event of events) {
      const fault = lengthFault(event)
      if (fault !== undefined) return Effect.fail(refuse(invalidPayloadOf(fault)))
    }
    return Effect.succeed(events)
  }

  const decodeEagerly = (payload: Payload): Effect.Effect<ReadonlyArray<WebhookEvent>, WebhookError.WebhookError> => {
    const decoded = receiver.decodePayload(payload)
    return isSuccess(decoded) ? checked(decoded.value) : Effect.flatMap(Effect.mapError(decoded, refuse), checked)
  }

  const count = (outcome: string) =>
    Effect.withFiber((fiber) => {
      countWebhook(fiber.context, outcome)
      return Effect.void
    })

  const failed = (reason: Reason) => Effect.andThen(count(reason._tag), Effect.fail(refuse(reason)))

  const inSpan = Spans.withSpan("SmsProvider.verify", { "sms.provider": name })

  return {
    limits,
    decodePayload: (payload) => Effect.suspend(() => decodeEagerly(payload)),
    checkHead: (head) =>
      Effect.suspend(() => {
        const reason = headFault(bounds, head)
        return reason === undefined ? checkGuard(head) : Effect.fail(reasonOf(reason))
      }).pipe(Effect.catch(failed)),
    verify: (request) =>
      Effect.withFiber((fiber) => {
        const clock = fiber.getRef(Clock.Clock)
        if (Spans.isTraced(fiber)) {
          return inSpan(Effect.matchEffect(Effect.suspend(() => check(request, clock)), {
            onSuccess: (verified) => Effect.as(count("verified"), accepted(request, verified)),
            onFailure: failed
          }))
        }
        const verified = check(request, clock)
        if (!isSuccess(verified)) {
          return Effect.matchEffect(verified, {
            onSuccess: (verified) => Effect.as(count("verified"), accepted(request, verified)),
            onFailure: failed
          })
        }
        countWebhook(fiber.context, "verified")
        return Effect.succeed(accepted(request, verified.value))
      }),
    decode: (webhook) => {
      if (webhook.provider !== name) {
        return Effect.fail(refuse(WebhookError.invalidPayload("", `a webhook verified by ${JSON.stringify(name)}`)))
      }
      const { payload, request } = webhook
      const unparsed = payload === undefined ? notRaw(request) : undefined
      if (unparsed !== undefined) return Effect.fail(refuse(reasonOf(unparsed)))
      const toReported = isUrlSigned ? reportedOn(request.url) : undefined
      const events = Effect.suspend(() => {
        if (payload !== undefined) return decodeEagerly(payload)
        const parsed = receiver.parse(request)
        return isSuccess(parsed)
          ? decodeEagerly(parsed.value)
          : Effect.flatMap(Effect.mapError(parsed, refuse), decodeEagerly)
      })
      return toReported === undefined ? events : Effect.map(events, (events) => events.map(toReported))
    }
  }
}

/** The receiving half of a provider that only sends. */
export const makeNone = (name: string): Receive => {
  const refuse = () =>
    Effect.fail(new WebhookError.WebhookError({ provider: name, reason: new WebhookError.NotReceiving() }))
  return { limits: defaultLimits, checkHead: refuse, verify: refuse, decode: refuse, decodePayload: refuse }
}
