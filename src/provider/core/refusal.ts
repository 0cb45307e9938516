/**
 * Why a webhook is refused, as plain data.
 */
import type { WebhookErrorReason } from "../../WebhookError.ts"

type Encoded = typeof WebhookErrorReason.Encoded

/** The reason of a refusal: the encoded form of the reason of a `WebhookError`. */
export type Reason = Exclude<Encoded, { readonly _tag: "UnknownProvider" | "NotReceiving" }>

export type InvalidPayload = Extract<Reason, { readonly _tag: "InvalidPayload" }>

export type Issues = InvalidPayload["issues"]

/** The HTTP status of the answer to each refusal. */
const statuses: Readonly<Record<Reason["_tag"], number>> = {
  MissingSignature: 403,
  InvalidSignature: 403,
  StaleTimestamp: 403,
  InvalidPayload: 400,
  UnsupportedContentType: 415,
  MethodNotAllowed: 405,
  PayloadTooLarge: 413
}

/** A refused webhook. */
export interface Refused<R extends Reason = Reason> {
  readonly _tag: "Refused"
  readonly reason: R
  /** The HTTP status of the answer. */
  readonly status: number
}

export const refused = <R extends Reason>(reason: R): Refused<R> => ({
  _tag: "Refused",
  reason,
  status: statuses[reason._tag]
})

/** Returns the reason for a single field. */
export const invalidPayload = (field: string, expected: string): InvalidPayload => ({
  _tag: "InvalidPayload",
  issues: [{ field, expected }]
})

export const invalidSignature: Reason = { _tag: "InvalidSignature" }
