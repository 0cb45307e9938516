/**
 * What is checked of every webhook before its signature: method, content type,
 * size and number of fields.
 */
import type { WebhookHead, WebhookRequest } from "../../WebhookRequest.ts"
import type { Limits } from "../Receiving.ts"
import { queryOf } from "../Url.ts"
import { invalidPayload, type Reason } from "./refusal.ts"

/** What a carrier sends, and how much. */
export interface Bounds<R> {
  /** In upper case. */
  readonly methods: ReadonlyArray<string>
  /** Without parameters. */
  readonly contentTypes: ReadonlyArray<string>
  readonly limits: Limits
  /** Whether the check of the signature also counts the fields, because it finds them anyway. */
  readonly countsFields?: boolean | undefined
  /** Rejects a request by its headers and URL alone, for example without a signature. */
  readonly checkHead?: ((head: WebhookHead) => R | undefined) | undefined
}

const ampersand = 0x26

/** Returns whether there are more fields than the limit, without parsing any. */
const hasMoreFields = (limit: number, query: string, body: Uint8Array): boolean => {
  let fields = query === "" ? 0 : 1
  for (let at = query.indexOf("&"); at !== -1; at = query.indexOf("&", at + 1)) {
    if (++fields > limit) return true
  }
  if (body.length > 0) fields++
  // A loop, because `indexOf` of a Node buffer is a call out of JavaScript for each field. It ends where the rest cannot
  // have more than the limit.
  const { length } = body
  for (let at = 0; at < length && fields + length - at > limit; at++) {
    if (body[at] === ampersand && ++fields > limit) return true
  }
  return fields > limit
}

const form = "application/x-www-form-urlencoded"
const json = "application/json"

const contentTypeOf = ({ headers }: WebhookHead): string => {
  const given = headers["content-type"]
  // As nearly all carriers write them.
  return given === form || given === json ? given : given?.split(";", 1)[0]?.trim().toLowerCase() ?? ""
}

/** Returns why a request is refused by its headers and URL alone. */
export const headFault = <R>(bounds: Bounds<R>, head: WebhookHead): R | Reason | undefined => {
  const { contentTypes, limits, methods } = bounds
  if (!methods.includes(head.method)) return { _tag: "MethodNotAllowed", expected: methods }
  const query = queryOf(head.url)
  if (head.method === "GET") {
    if (query.length > limits.maxBytes) return { _tag: "PayloadTooLarge", limit: limits.maxBytes }
  } else {
    if (!contentTypes.includes(contentTypeOf(head))) return { _tag: "UnsupportedContentType", expected: contentTypes }
    if (query.length > limits.maxQueryLength) {
      return invalidPayload("", `Expected a query of at most ${limits.maxQueryLength} characters`)
    }
  }
  return bounds.checkHead?.(head)
}

const nothing = /* @__PURE__ */ new Uint8Array(0)

/** Returns why a body is refused by its size. */
export const sizeFault = (
  { limits: { maxBytes } }: Pick<Bounds<unknown>, "limits">,
  body: Uint8Array
): Reason | undefined => body.length > maxBytes ? { _tag: "PayloadTooLarge", limit: maxBytes } : undefined

/** Returns why a request is refused by the number of its fields. */
export const countFault = (
  { limits: { maxFields } }: Pick<Bounds<unknown>, "limits">,
  request: WebhookRequest
): Reason | undefined =>
  hasMoreFields(maxFields, queryOf(request.url), contentTypeOf(request) === form ? request.body : nothing)
    ? invalidPayload("", `Expected at most ${maxFields} fields`)
    : undefined

/** Returns why a request with the bytes that were sent is refused before its signature is checked. */
export const requestFault = <R>(bounds: Bounds<R>, request: WebhookRequest): R | Reason | undefined =>
  sizeFault(bounds, request.body) ?? headFault(bounds, request) ??
    (bounds.countsFields === true ? undefined : countFault(bounds, request))
