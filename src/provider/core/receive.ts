/**
 * What the cores of all carriers do around a carrier's own checks.
 */
import { type GivenHeaders, lowerCaseHeaders } from "../../internal/headers.ts"
import { ofCallback } from "../../internal/reference.ts"
import type { Payload } from "../../Payload.ts"
import type { WebhookHead, WebhookRequest, WebhookResponse } from "../../WebhookRequest.ts"
import { lengthFault } from "../internal/lengths.ts"
import { defaultLimits, type Limits } from "../Receiving.ts"
import type { Parsed } from "./body.ts"
import { type Build, type Decoded, type Event, plain } from "./build.ts"
import { type Bounds, headFault, requestFault } from "./head.ts"
import { notRaw } from "./rawBody.ts"
import { type InvalidPayload, type Reason, type Refused, refused } from "./refusal.ts"
import { remembered } from "./remembered.ts"

/** The options that all cores have. */
export interface Options {
  /** The name of the provider in the events. The carrier's by default. */
  readonly name?: string | undefined
  /** Limits in the place of the carrier's own. */
  readonly limits?: Partial<Limits> | undefined
}

/** A secret, or several while one is being rotated. */
export type Secrets = string | ReadonlyArray<string>

/** Returns the secrets as a list. Throws for an empty secret, with which everybody could sign. */
export const secretsOf = (option: string, secrets: Secrets): ReadonlyArray<string> => {
  const list = [secrets].flat()
  if (list[0] && list.every((secret) => secret.trim())) return list
  throw new TypeError(`${option}: Expected a secret`)
}

export const limitsOf = (options: Options): Limits => ({ ...defaultLimits, ...options.limits })

/** The events of an authentic webhook. */
export interface Received {
  readonly _tag: "Received"
  readonly events: ReadonlyArray<Event>
  /**
   * What repetitions of the request are recognized by, beside the keys of its
   * events.
   */
  readonly idempotencyKeys: ReadonlyArray<string>
}

/** What the verification of a webhook yields. */
export interface Verified {
  readonly _tag: "Verified"
  /** The parsed body, where the signature covers the parsed form. */
  readonly payload?: Payload
  readonly idempotencyKeys?: ReadonlyArray<string>
}

/** Decodes a payload to plain data. `provider` is the name in the events. */
export type Decode = (provider: string, payload: Payload) => Decoded | Refused<InvalidPayload>

/** Makes the decoder of a carrier build plain data. Refuses what is longer than carriers send. */
export const plainly =
  (decode: (build: Build, provider: string, payload: Payload) => Decoded | Refused<InvalidPayload>): Decode =>
  (provider, payload) => {
    const decoded = decode(plain, provider, payload)
    if (decoded._tag === "Refused" || decoded.isChecked) return decoded
    for (const event of decoded.events) {
      const fault = lengthFault(event)
      if (fault !== undefined) return refused(fault)
    }
    return decoded
  }

/** How the content of a carrier's webhooks is read. */
export interface Reading {
  readonly parse: (request: WebhookRequest) => Parsed | Refused
  readonly decode: (payload: Payload) => Decoded | Refused
  /** Whether the signature covers the URL, which may have the reference of a send. */
  readonly isUrlSigned: boolean
}

/** How a carrier's webhooks are read and answered. */
export interface Dialect extends Reading {
  readonly bounds: Bounds<Reason>
  readonly acknowledgement: WebhookResponse
}

const referencesIn = /* @__PURE__ */ remembered(ofCallback)

/** Decodes the events of a verified request. */
export const receivedFrom = (
  { decode, isUrlSigned, parse }: Reading,
  request: WebhookRequest,
  { idempotencyKeys = [], payload }: Verified
): Received | Refused => {
  const parsed = payload === undefined ? parse(request) : { _tag: "Parsed" as const, payload }
  if (parsed._tag === "Refused") return parsed
  const decoded = decode(parsed.payload)
  if (decoded._tag === "Refused") return decoded
  const references = isUrlSigned ? referencesIn(request.url) : undefined
  const events = references === undefined
    ? decoded.events
    : decoded.events.map((event) => event._tag === "DeliveryStatus" ? { ...references, ...event } : event)
  return { _tag: "Received", events, idempotencyKeys }
}

/**
 * A webhook request, with its headers as the runtime has them.
 *
 * @category models
 * @since 0.1.0
 */
export interface GivenRequest extends Omit<WebhookRequest, "headers"> {
  readonly headers: GivenHeaders
}

/**
 * Verifies and decodes webhooks.
 *
 * @category models
 * @since 0.1.0
 */
export interface Core {
  /**
   * Verifies a webhook by the exact bytes of its body. `url` is the public URL,
   * character for character as the carrier called it.
   */
  readonly verify: (request: GivenRequest) => Verified | Refused
  /** Decodes the payload of a webhook: a JSON object, or a form as a record. It is no proof of who sent it. */
  readonly decode: (payload: Payload) => Decoded | Refused
  /** Verifies a webhook and decodes its events. */
  readonly receive: (request: GivenRequest) => Received | Refused
  /** Refuses a request by its method, URL and headers alone, before its body is read. */
  readonly checkHead: (head: Omit<GivenRequest, "body">) => Refused | undefined
  /** The answer to a webhook that was received. */
  readonly acknowledgement: WebhookResponse
  /** The limit of the body in bytes. */
  readonly maxBytes: number
}

/** Makes the core of a carrier from the check of its signatures. */
export const makeCore = (dialect: Dialect, verifySignature: (request: WebhookRequest) => Verified | Refused): Core => {
  const verify = (request: WebhookRequest) => {
    const reason = notRaw(request) ?? requestFault(dialect.bounds, request)
    return reason === undefined ? verifySignature(request) : refused(reason)
  }
  const requestOf = (given: GivenRequest): WebhookRequest => {
    const headers = lowerCaseHeaders(given.headers)
    return headers === given.headers ? given as WebhookRequest : { ...given, headers }
  }
  const { acknowledgement, bounds } = dialect
  return {
    acknowledgement,
    maxBytes: bounds.limits.maxBytes,
    checkHead: (given) => {
      const head: WebhookHead = { ...given, headers: lowerCaseHeaders(given.headers) }
      const reason = headFault(bounds, head)
      return reason === undefined ? undefined : refused(reason)
    },
    verify: (given) => verify(requestOf(given)),
    decode: dialect.decode,
    receive: (given) => {
      const request = requestOf(given)
      const verified = verify(request)
      return verified._tag === "Refused" ? verified : receivedFrom(dialect, request, verified)
    }
  }
}
