/**
 * What the cores of all carriers do around a carrier's own checks.
 */
import { fromUrl } from "../../internal/reference.ts"
import { lengthFault } from "../internal/lengths.ts"
import { defaultLimits, type Limits } from "../Receiving.ts"
import { type Decoded, type Event, plain } from "./build.ts"
import { type Refused, refused } from "./refusal.ts"

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
  const list = typeof secrets === "string" ? [secrets] : secrets
  if (list.length > 0 && list.every((secret) => secret.trim() !== "")) return list
  throw new TypeError(`${option}: Expected a secret that is not empty`)
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

/** Checks decoded events. `signedUrl` is the URL where the signature covers it: it may have the reference of a send. */
export const received = (
  decoded: Decoded | Refused,
  idempotencyKeys: ReadonlyArray<string>,
  signedUrl?: string
): Received | Refused => {
  if (decoded._tag === "Refused") return decoded
  for (const event of decoded.events) {
    const fault = lengthFault(event)
    if (fault !== undefined) return refused(fault)
  }
  const intent = signedUrl === undefined ? undefined : fromUrl(signedUrl)
  const events = intent === undefined ?
    decoded.events :
    decoded.events.map((event) => event._tag === "DeliveryStatus" ? plain.of({ ...event, intent }) : event)
  return { _tag: "Received", events, idempotencyKeys }
}
