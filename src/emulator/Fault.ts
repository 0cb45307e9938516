/**
 * Faults of an emulated carrier, as rules: data that says which exchanges are
 * affected, and how.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import type { Kind } from "../provider/Emulation.ts"

/**
 * The kinds of exchanges that a rule can select.
 *
 * - `send`: an API request that sends a message
 * - `request`: another API request
 * - `media`: the download of a file
 * - `status`: a delivery report
 * - `inbound`: the webhook of a received message
 *
 * @category schemas
 * @since 0.1.0
 */
export const Kinds = Schema.Literals(["send", "request", "media", "status", "inbound"])

const millis = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 3_600_000 }))
const status = Schema.Int.check(Schema.isBetween({ minimum: 400, maximum: 599 }))

/**
 * What happens to an exchange:
 *
 * - `delay`: the response or the webhook comes later
 * - `duplicate`: a webhook is posted again
 * - `reorder`: a webhook is posted after those that follow it
 * - `lose`: a webhook is never posted; a request gets no response, and has no effect
 * - `corrupt`: a byte of the body is changed on its way
 * - `rateLimit`: a request is refused with 429, and has no effect
 * - `serverError`: a request is answered with 5xx, with or without effect
 * - `cut`: a request has its effect, and the connection is closed without a response
 * - `reset`: the connection is closed before the request has any effect
 * - `drip`: the response arrives a few bytes at a time
 * - `wrongSignature`: a webhook is signed with another key
 * - `clockSkew`: the carrier's clock is wrong
 * - `refuse`: a send is refused, with the carrier's code for the reason
 * - `fail`: a send is accepted, and the message fails later
 *
 * @category schemas
 * @since 0.1.0
 */
export const Effects = Schema.Union([
  Schema.Struct({ type: Schema.Literal("delay"), millis }),
  Schema.Struct({ type: Schema.Literal("duplicate"), after: Schema.optionalKey(millis) }),
  Schema.Struct({ type: Schema.Literal("reorder") }),
  Schema.Struct({ type: Schema.Literal("lose") }),
  Schema.Struct({ type: Schema.Literal("corrupt") }),
  Schema.Struct({
    type: Schema.Literal("rateLimit"),
    retryAfter: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 86_400 })))
  }),
  Schema.Struct({
    type: Schema.Literal("serverError"),
    status: Schema.optionalKey(status),
    taken: Schema.optionalKey(Schema.Boolean)
  }),
  Schema.Struct({ type: Schema.Literal("cut") }),
  Schema.Struct({ type: Schema.Literal("reset") }),
  Schema.Struct({
    type: Schema.Literal("drip"),
    bytesPerSecond: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000_000 })))
  }),
  Schema.Struct({ type: Schema.Literal("wrongSignature") }),
  Schema.Struct({ type: Schema.Literal("clockSkew"), seconds: Schema.Int }),
  Schema.Struct({
    type: Schema.Literal("refuse"),
    reason: Schema.Literals([
      "AccountSuspended",
      "Authentication",
      "ContentRejected",
      "InvalidMessage",
      "InvalidRecipient",
      "InvalidSender",
      "NotEnabled",
      "OptedOut",
      "UnregisteredSender",
      "Unreachable"
    ])
  }),
  Schema.Struct({
    type: Schema.Literal("fail"),
    state: Schema.optionalKey(Schema.Literals(["undelivered", "failed", "expired", "sent"])),
    reason: Schema.optionalKey(
      Schema.Literals([
        "ContentRejected",
        "Expired",
        "InvalidRecipient",
        "UnregisteredSender",
        "Unknown",
        "Unreachable"
      ])
    )
  })
])

/**
 * What happens to an exchange. See {@link Effects}.
 *
 * @category models
 * @since 0.1.0
 */
export type Effect = typeof Effects.Type

/**
 * Schema of {@link Fault}.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Fault = Schema.Struct({
  carrier: Schema.optionalKey(Schema.String.annotate({ description: "The name of a carrier. All by default" })),
  number: Schema.optionalKey(Schema.String.annotate({ description: "The number of the person. All by default" })),
  kind: Schema.optionalKey(
    Kinds.annotate({ description: "The kind of exchange. By default all that the effect can happen to" })
  ),
  probability: Schema.optionalKey(
    Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 })).annotate({
      description: "The share of the selected exchanges that are affected. 1 by default"
    })
  ),
  nth: Schema.optionalKey(
    Schema.Int.check(Schema.isGreaterThan(0)).annotate({
      description: "Affects only the exchange with this number among the selected ones, counted from 1"
    })
  ),
  times: Schema.optionalKey(
    Schema.Int.check(Schema.isGreaterThan(0)).annotate({ description: "Ends the rule after so many" })
  ),
  effect: Effects
})

/**
 * A rule: the exchanges that it selects, and what happens to them.
 *
 * @category models
 * @since 0.1.0
 */
export type Fault = typeof Fault.Type

const requests: ReadonlyArray<Kind> = ["send", "request", "media"]
const webhooks: ReadonlyArray<Kind> = ["status", "inbound"]

/** The kinds of exchanges that an effect can happen to. */
const kinds: Readonly<Record<Effect["type"], ReadonlyArray<Kind>>> = {
  delay: [...requests, ...webhooks],
  duplicate: webhooks,
  reorder: webhooks,
  lose: [...requests, ...webhooks],
  corrupt: [...requests, ...webhooks],
  rateLimit: requests,
  serverError: requests,
  cut: [...requests, ...webhooks],
  reset: requests,
  drip: requests,
  wrongSignature: webhooks,
  clockSkew: [...requests, ...webhooks],
  refuse: ["send"],
  fail: ["send"]
}

/**
 * Returns whether an effect can happen to a kind of exchange.
 *
 * @category guards
 * @since 0.1.0
 */
export const appliesTo = (effect: Effect, kind: Kind): boolean => kinds[effect.type].includes(kind)
