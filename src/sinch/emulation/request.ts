/**
 * Reads and checks a request that sends a batch
 * (https://developers.sinch.com/docs/sms/api-reference/sms/tag/Batches/).
 */
import * as Base64 from "effect/encoding/Base64"
import * as Result from "effect/Result"
import { fromCarrierDigits } from "../../internal/carrierDigits.ts"
import { isObject } from "../../internal/record.ts"
import { toMillis } from "../../provider/core/time.ts"
import type { ApiReply } from "../../provider/Emulation.ts"
import { type Account, type Code, isId, isReply, problem } from "./account.ts"

export type Body = Readonly<Record<string, unknown>>

export const kinds = ["none", "summary", "full", "per_recipient", "per_recipient_final"] as const

/** What is reported of a batch. */
export type Kind = (typeof kinds)[number]

export type Type = "mt_text" | "mt_binary" | "mt_media"

/** A request as it was checked. It is JSON. */
export interface Request {
  /** The members of the request as the API shows them, without `to`. */
  readonly shown: Body
  /** The recipients, as Sinch writes them: digits only. */
  readonly to: ReadonlyArray<string>
  /** The sender: a number with `+`, or a name. */
  readonly from: string
  readonly type: Type
  readonly kind: Kind
  readonly sendAt?: number | undefined
  readonly expireAt: number
}

export const parseBody = (text: string): Body | ApiReply => {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return problem("syntax_invalid_json", "The body is not JSON")
  }
  return isObject(body) ? body : problem("syntax_invalid_json", "The body is not a JSON object")
}

/** Removes what Sinch ignores in a number, and its prefix. */
export const digitsOf = (text: string): string => text.replaceAll(/[\s()-]/g, "").replace(/^(?:\+|00)/, "")

/** Returns a number as Sinch writes it. Names and short codes stay. */
export const withoutPlus = (address: string): string => address.replace(/^\+/, "")

const isNumber = (digits: string): boolean => /^[1-9]\d{6,14}$/.test(digits)

const format: Code = "syntax_invalid_parameter_format"
const constraint: Code = "syntax_constraint_violation"

interface Rule {
  readonly is: (value: unknown) => boolean
  readonly code: Code
  readonly expected: string
}

const rule = (is: Rule["is"], expected: string, code: Code = constraint): Rule => ({ is, expected, code })

const textUpTo = (length: number) =>
  rule((value) => typeof value === "string" && value.length <= length, `must be text of at most ${length} characters`)
const boolean = rule((value) => typeof value === "boolean", "must be a boolean", format)
const count = rule((value) => Number.isInteger(value) && Number(value) >= 1, "must be 1 or more")
const integer = rule(Number.isInteger, "must be an integer", format)
const isoTime = rule((value) => typeof value === "string" && toMillis(value) !== undefined, "must be a time", format)

const isUrl = (value: unknown): value is string =>
  typeof value === "string" && value.length <= 2048 && /^https?:$/.test(URL.parse(value)?.protocol ?? "")

const bytesOf = (base64: unknown): number =>
  typeof base64 === "string"
    ? Result.match(Base64.decode(base64), { onFailure: () => -1, onSuccess: ({ length }) => length })
    : -1

const isHex = (value: unknown): value is string => typeof value === "string" && /^(?:[\da-f]{2})+$/i.test(value)

const isParameters = (value: unknown): boolean =>
  isObject(value) &&
  Object.entries(value).every(([key, values]) =>
    /^[\w.-]+$/.test(key) && isObject(values) && Object.values(values).every((value) => typeof value === "string")
  )

const common: Readonly<Record<string, Rule>> = {
  from: textUpTo(128),
  delivery_report: rule((value) => kinds.some((kind) => kind === value), `must be ${kinds.join(", ")}`),
  send_at: isoTime,
  expire_at: isoTime,
  callback_url: rule(isUrl, "must be a URL", format),
  client_reference: textUpTo(2048),
  feedback_enabled: boolean
}

const parameters = rule(isParameters, "must have an object of texts for each name")
const sms = { from_ton: integer, from_npi: integer, flash_message: boolean }

const rules: Readonly<Record<Type, Readonly<Record<string, Rule>>>> = {
  mt_text: {
    ...common,
    ...sms,
    body: textUpTo(2000),
    parameters,
    truncate_concat: boolean,
    max_number_of_message_parts: count
  },
  mt_binary: {
    ...common,
    ...sms,
    body: rule((value) => bytesOf(value) >= 0, "must be Base64", format),
    udh: rule(isHex, "must be hexadecimal", format)
  },
  mt_media: {
    ...common,
    body: rule(
      (value) =>
        isObject(value) && isUrl(value["url"]) &&
        [value["message"], value["subject"]].every((text) => text === undefined || typeof text === "string"),
      "must be an object with a url, and may have a message and a subject"
    ),
    parameters,
    strict_validation: boolean
  }
}

const isType = (value: unknown): value is Type => typeof value === "string" && Object.hasOwn(rules, value)

const maxBytes = 140
const maxRecipients = 1000
const longest = 3 * 86_400_000

/** Reads the recipients, each once. */
const recipientsOf = (to: unknown): ReadonlyArray<string> | ApiReply => {
  if (!Array.isArray(to) || to.length === 0 || to.length > maxRecipients) {
    return problem(constraint, `to must have 1 to ${maxRecipients} recipients`)
  }
  const numbers = new Set<string>()
  for (const one of to) {
    const digits = typeof one === "string" ? digitsOf(one) : ""
    if (!isNumber(digits)) {
      return typeof one === "string" && isId(one)
        ? problem("unknown_group", `The group '${one}' does not exist`)
        : problem(format, `'${String(one)}' is not a valid identifier`)
    }
    numbers.add(digits)
  }
  return [...numbers]
}

/** The number of a sender with `+`, so that the network knows it, or else its short code or name. */
const senderOf = ({ options: { network } }: Account, from: string): string | ApiReply => {
  const number = fromCarrierDigits(digitsOf(from))
  if (network.owns(number)) return number
  return /^(?=.*[a-z])[a-z\d ]{1,11}$/i.test(from)
    ? from
    : problem("illegal_number_type", `The sender ${from} is not one of the service plan`)
}

const timesOf = (body: Body, now: number): Pick<Request, "sendAt" | "expireAt"> | ApiReply => {
  const given = toMillis(body["send_at"])
  // One in the past is as good as none.
  const sendAt = given === undefined || given <= now ? undefined : given
  const start = sendAt ?? now
  const expireAt = toMillis(body["expire_at"]) ?? start + longest
  return expireAt <= start || expireAt > start + longest
    ? problem(constraint, "expire_at must be after send_at, by three days at most")
    : { sendAt, expireAt }
}

/** Checks the members of a request one by one. */
const shownOf = ({ options: { network } }: Account, type: Type, body: Body): Body | ApiReply => {
  const shown: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(body)) {
    if (name === "to" || name === "type" || value === null) continue
    if (!Object.hasOwn(rules[type], name)) {
      network.warn(`${name} is no parameter of ${type}`)
      continue
    }
    const { code, expected, is } = rules[type][name]!
    if (!is(value)) return problem(code, `${name} ${expected}`)
    shown[name] = value
  }
  for (const name of type === "mt_binary" ? ["from", "body", "udh"] : ["from", "body"]) {
    if (!Object.hasOwn(shown, name)) return problem(constraint, `${name} is required`)
  }
  if (type === "mt_binary" && bytesOf(shown["body"]) + String(shown["udh"]).length / 2 > maxBytes) {
    return problem(constraint, `body and udh must have ${maxBytes} bytes at most`)
  }
  if (type === "mt_media") {
    const unknown = Object.keys(shown["body"] as Body).filter((name) => !["url", "message", "subject"].includes(name))
    for (const name of unknown) network.warn(`body.${name} is no parameter of ${type}`)
  }
  return shown
}

/** Checks a request that sends. */
export const check = (account: Account, body: Body): Request | ApiReply => {
  const type = body["type"] ?? "mt_text"
  if (!isType(type)) return problem(constraint, "type must be mt_text, mt_binary or mt_media")
  const shown = shownOf(account, type, body)
  if (isReply(shown)) return shown
  const to = recipientsOf(body["to"])
  if (isReply(to)) return to
  const from = senderOf(account, String(shown["from"]))
  if (isReply(from)) return from
  const times = timesOf(shown, account.options.network.now())
  if (isReply(times)) return times
  const kind = shown["delivery_report"] as Kind | undefined
  return { shown, to, from, type, kind: kind ?? "none", ...times }
}
