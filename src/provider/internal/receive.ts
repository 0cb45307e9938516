/**
 * What all carriers do when they receive: check the size and the shape of a
 * webhook, explain a refusal, count.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import { DeliveryStatus } from "../../DeliveryStatus.ts"
import * as Counters from "../../internal/counters.ts"
import * as Spans from "../../internal/spans.ts"
import { unchecked } from "../../internal/unchecked.ts"
import type { Payload } from "../../Payload.ts"
import * as SendReference from "../../SendReference.ts"
import * as WebhookError from "../../WebhookError.ts"
import type { WebhookEvent } from "../../WebhookEvent.ts"
import { unverifiedWebhook, type VerifiedWebhook, type WebhookHead, type WebhookRequest } from "../../WebhookRequest.ts"
import * as Body from "../Body.ts"
import { defaultLimits, type Limits, type Receiver, type Verified } from "../Receiving.ts"
import { queryOf } from "../Url.ts"
import { lengthFault } from "./lengths.ts"

/** The receiving half of a provider. */
export interface Receive {
  readonly limits: Limits
  readonly checkHead: (head: WebhookHead) => Effect.Effect<void, WebhookError.WebhookError>
  readonly verify: (request: WebhookRequest) => Effect.Effect<VerifiedWebhook, WebhookError.WebhookError>
  readonly decode: (webhook: VerifiedWebhook) => Effect.Effect<ReadonlyArray<WebhookEvent>, WebhookError.WebhookError>
  readonly decodePayload: (payload: Payload) => Effect.Effect<ReadonlyArray<WebhookEvent>, WebhookError.WebhookError>
}

type Reason = WebhookError.WebhookErrorReason

const countWebhook = Counters.make("sms_webhooks_total", "Webhooks by provider and outcome")

/** In bytes, URL and body. Ten times the usual webhook, and each of a hundred variants is hashed whole. */
const maxDiagnosedBytes = 4 * 1024
const maxDiagnosesPerSecond = 5

const ampersand = 0x26

/** Whether there are more fields than the limit, without parsing any. */
const hasMoreFields = (limit: number, query: string, body: Uint8Array): boolean => {
  let fields = query === "" ? 0 : 1
  for (let at = query.indexOf("&"); at !== -1; at = query.indexOf("&", at + 1)) {
    if (++fields > limit) return true
  }
  if (body.length > 0) fields++
  for (let at = body.indexOf(ampersand); at !== -1; at = body.indexOf(ampersand, at + 1)) {
    if (++fields > limit) return true
  }
  return fields > limit
}

const contentTypeOf = ({ headers }: WebhookHead): string =>
  headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase() ?? ""

/** Adds the reference in the callback URL to delivery reports. */
const reportedOn = (intent: SendReference.SendReference) => (event: WebhookEvent): WebhookEvent =>
  event._tag === "DeliveryStatus" ? unchecked(DeliveryStatus, { ...event, intent }) : event

export const make = (name: string, receiver: Receiver): Receive => {
  const { contentTypes, methods } = receiver
  // Anyone could change the query of a webhook whose signature does not cover it.
  const isUrlSigned = receiver.capabilities.verification.covers.includes("url")
  const limits: Limits = { ...defaultLimits, ...receiver.limits }
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

  const headFault = (head: WebhookHead): Reason | undefined => {
    if (!methods.includes(head.method)) return new WebhookError.MethodNotAllowed({ expected: methods })
    const query = queryOf(head.url)
    if (head.method === "GET") {
      if (query.length > limits.maxBytes) return new WebhookError.PayloadTooLarge({ limit: limits.maxBytes })
    } else {
      if (!contentTypes.includes(contentTypeOf(head))) {
        return new WebhookError.UnsupportedContentType({ expected: contentTypes })
      }
      if (query.length > limits.maxQueryLength) {
        return WebhookError.invalidPayload("", `Expected a query of at most ${limits.maxQueryLength} characters`)
      }
    }
    return receiver.checkHead?.(head)
  }

  const fault = (request: WebhookRequest): Reason | undefined => {
    const raw = Body.notRaw(request)
    if (raw !== undefined) return raw
    if (request.body.length > limits.maxBytes) return new WebhookError.PayloadTooLarge({ limit: limits.maxBytes })
    const reason = headFault(request)
    if (reason !== undefined) return reason
    const isForm = contentTypeOf(request) === "application/x-www-form-urlencoded"
    return hasMoreFields(limits.maxFields, queryOf(request.url), isForm ? request.body : new Uint8Array(0))
      ? WebhookError.invalidPayload("", `Expected at most ${limits.maxFields} fields`)
      : undefined
  }

  const { diagnose, guard } = receiver

  const checkGuard = (head: WebhookHead): Effect.Effect<void, Reason> =>
    guard === undefined
      ? Effect.void
      : Effect.catch(guard.check(head), (reason) => refused(reason, head.url.length, () => guard.diagnose(head)))

  const checkSignature = (request: WebhookRequest): Effect.Effect<Verified | void, Reason> =>
    Effect.catch(
      receiver.verify(request),
      (reason) => refused(reason, request.url.length + request.body.length, diagnose && (() => diagnose(request)))
    )

  const checked = (events: ReadonlyArray<WebhookEvent>) => {
    for (const event of events) {
      const fault = lengthFault(event)
      if (fault !== undefined) return Effect.fail(fault)
    }
    return Effect.succeed(events)
  }

  const decodePayload: Receive["decodePayload"] = (payload) =>
    Effect.suspend(() => Effect.mapErrorEager(Effect.flatMapEager(receiver.decodePayload(payload), checked), refuse))

  return {
    limits,
    decodePayload,
    checkHead: (head) =>
      Effect.suspend(() => {
        const reason = headFault(head)
        return reason === undefined ? checkGuard(head) : Effect.fail(reason)
      }).pipe(
        Effect.catch((reason) => Effect.andThen(countWebhook(name, reason._tag), Effect.fail(refuse(reason))))
      ),
    verify: (request) =>
      Effect.suspend((): Effect.Effect<Verified | void, Reason> => {
        const reason = fault(request)
        if (reason !== undefined) return Effect.fail(reason)
        return guard === undefined
          ? checkSignature(request)
          : Effect.andThen(checkGuard(request), checkSignature(request))
      }).pipe(
        Effect.matchEffect({
          onSuccess: (verified) =>
            Effect.as(countWebhook(name, "verified"), {
              ...unverifiedWebhook(name, request),
              ...verified,
              ...(verified?.idempotencyKeys !== undefined &&
                { idempotencyKeys: verified.idempotencyKeys.map((key) => JSON.stringify([name, key])) })
            }),
          onFailure: (reason) => Effect.andThen(countWebhook(name, reason._tag), Effect.fail(refuse(reason)))
        }),
        Spans.withSpan("SmsProvider.verify", { "sms.provider": name })
      ),
    decode: (webhook) => {
      const intent = isUrlSigned ? SendReference.fromUrl(webhook.request.url) : undefined
      if (webhook.provider !== name) {
        return Effect.fail(refuse(WebhookError.invalidPayload("", `a webhook verified by ${JSON.stringify(name)}`)))
      }
      const { payload, request } = webhook
      const events = payload !== undefined
        ? decodePayload(payload)
        : Effect.suspend(() =>
          Effect.flatMapEager(Effect.mapErrorEager(receiver.parse(request), refuse), decodePayload)
        )
      return intent === undefined ? events : Effect.mapEager(events, (events) => events.map(reportedOn(intent)))
    }
  }
}

/** The receiving half of a provider that only sends. */
export const makeNone = (name: string): Receive => {
  const refuse = () =>
    Effect.fail(new WebhookError.WebhookError({ provider: name, reason: new WebhookError.NotReceiving() }))
  return { limits: defaultLimits, checkHead: refuse, verify: refuse, decode: refuse, decodePayload: refuse }
}
