/**
 * The webhooks of the emulated account, their signature, and what Twilio does
 * with the response
 * (https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides).
 */
import * as DateTime from "effect/DateTime"
import { remembered } from "../../provider/core/remembered.ts"
import type { Dialect, Message, Outcome, Retry, Webhook } from "../../provider/Emulation.ts"
import { withoutFragment } from "../../provider/Url.ts"
import { fieldsText, join, split } from "../core/signedText.ts"
import { type Account, numberSid, pool, settings } from "./account.ts"
import { accountUri, dataOf, statusOf } from "./resources.ts"

type Fields = Readonly<Record<string, string>>

/** What a webhook carries along. It is JSON. */
interface Data {
  readonly fields: Fields
  /** The URL as it is configured, with its fragment and its credentials. */
  readonly configured: string
  readonly token: string
  readonly redirects?: number | undefined
  readonly isAuthorized?: boolean | undefined
  readonly fallback?: string | undefined
}

const dataOfWebhook = (webhook: Webhook) => webhook.data as unknown as Data

const form = "application/x-www-form-urlencoded; charset=UTF-8"

/** Twilio neither requests nor signs the fragment and the credentials of a URL. */
const requested = /* @__PURE__ */ remembered((configured: string): string => {
  const url = withoutFragment(configured)
  const parts = split(url)
  return parts === undefined || parts.userInfo === "" ? url : join({ ...parts, userInfo: "" })
})

/** Encodes the fields as Twilio does: a blank is a plus. */
const encodeFields = (fields: Fields): string => {
  let form = ""
  for (const name of Object.keys(fields)) {
    const value = fields[name]!
    const encoded = /^[\w.-]*$/.test(value) ? value : encodeURIComponent(value.toWellFormed()).replaceAll("%20", "+")
    form += `${form === "" ? "" : "&"}${name}=${encoded}`
  }
  return form
}

interface Target {
  readonly url: string
  readonly method: "POST" | "GET"
  readonly fallback?: string | undefined
}

const build = (
  { options: { network } }: Account,
  kind: Webhook["kind"],
  { fallback, method, url: configured }: Target,
  message: Message,
  fields: Fields
): Webhook => {
  const url = requested(configured)
  const body = encodeFields(fields)
  // The same for all attempts of one webhook.
  const token = message.id.slice(2, 26) + network.random.hex(8)
  const data: Data = { fields, configured, token, fallback }
  return {
    kind,
    method,
    url: method === "GET" ? `${url}${url.includes("?") ? "&" : "?"}${body}` : url,
    headers: {
      "user-agent": "TwilioProxy/1.1",
      accept: "*/*",
      ...(method === "POST" && { "content-type": form })
    },
    body: method === "POST" ? body : "",
    messageId: message.id,
    number: kind === "inbound" ? message.from : message.to,
    data: { ...data }
  }
}

const minute = 60_000

const minuteText = /* @__PURE__ */ remembered((minutes: number): string =>
  DateTime.formatIso(DateTime.makeUnsafe(minutes * minute)).replace(/\D/g, "").slice(2, 12)
)

/** Formats the time of the network's receipt: `YYMMDDhhmm`. */
const receiptTime = (millis: number): string => minuteText(Math.floor(millis / minute))

/** The states that a status callback reports. The first state of a message is never reported. */
const isReported = (message: Message): boolean => {
  switch (message.state) {
    case "queued":
      return dataOf(message).reportsQueued === true
    case "sent":
    case "delivered":
    case "undelivered":
    case "expired":
    case "failed":
    case "canceled":
    case "read":
      return true
    default:
      return false
  }
}

/** Builds the status callback for the state of a message. */
export const report = (account: Account) => (message: Message): Webhook | undefined => {
  if (message.callback === undefined || message.direction === "inbound" || !isReported(message)) return undefined
  const status = statusOf(message)
  const { service } = dataOf(message)
  const hasReceipt = status === "delivered" || status === "undelivered"
  return build(account, "status", { url: message.callback, method: "POST" }, message, {
    ApiVersion: "2010-04-01",
    SmsSid: message.id,
    SmsStatus: status,
    MessageStatus: status,
    To: message.to,
    From: message.from,
    MessageSid: message.id,
    AccountSid: account.sid,
    ...(service !== undefined && { MessagingServiceSid: service }),
    ...(message.code !== undefined && { ErrorCode: message.code }),
    ...(hasReceipt && { RawDlrDoneDate: receiptTime(message.updatedAt) })
  })
}

const mediaFields = (account: Account, message: Message): Fields => {
  const base = `${account.options.baseUrl}${accountUri(account)}/Messages/${message.id}/Media`
  const fields: Record<string, string> = {}
  message.files.forEach((id, index) => {
    fields[`MediaContentType${index}`] = account.options.network.file(id)?.type ?? "application/octet-stream"
    fields[`MediaUrl${index}`] = `${base}/ME${id}`
  })
  return fields
}

const countryFields: Fields = Object.fromEntries(
  ["From", "To"].flatMap((side) =>
    ["City", "State", "Zip", "Country"].map((name) => [`${side}${name}`, name === "Country" ? "US" : ""])
  )
)

/** Builds the webhook of a received message. */
export const inbound: (account: Account) => Dialect["inbound"] = (account) => (message) => {
  const isInService = pool(account).includes(message.to)
  const service = settings(account, account.serviceSid)
  const target = isInService && !service.useNumber ? service : settings(account, numberSid(account, message.to))
  if (target.url === "") return []
  const { fallbackUrl: fallback, method, url } = target
  const webhook = build(account, "inbound", { url, method, fallback }, message, {
    ToCountry: "",
    ...countryFields,
    SmsMessageSid: message.id,
    NumMedia: String(message.files.length),
    SmsSid: message.id,
    SmsStatus: "received",
    Body: message.text,
    To: message.to,
    From: message.from,
    NumSegments: String(message.segments),
    MessageSid: message.id,
    AccountSid: account.sid,
    ApiVersion: "2010-04-01",
    ...(isInService && { MessagingServiceSid: account.serviceSid }),
    ...(isInService && message.keyword !== undefined && { OptOutType: message.keyword }),
    ...mediaFields(account, message)
  })
  return [{ webhook, after: 0 }]
}

/** Signs a webhook. Of a GET, the URL has the fields already. */
export const sign = ({ authToken, options: { crypto } }: Account): Dialect["sign"] => {
  const keys = { right: crypto.hmac("sha1", authToken), wrong: crypto.hmac("sha1", `${authToken}x`) }
  return (webhook, { forged }) => {
    const { fields, token } = dataOfWebhook(webhook)
    const text = webhook.method === "GET" ? webhook.url : webhook.url + fieldsText(fields)
    return {
      "x-twilio-signature": keys[forged ? "wrong" : "right"](text),
      "i-twilio-idempotency-token": token
    }
  }
}

interface Overrides {
  readonly retries: number
  readonly on: ReadonlyArray<string>
  readonly readTimeout: number
  readonly totalTimeout: number
}

const within = (text: string | null, [least, most]: readonly [number, number], otherwise: number): number => {
  const value = Number(text ?? "")
  return text !== null && /^\d+$/.test(text) && value >= least && value <= most ? value : otherwise
}

/** Reads the connection overrides from the fragment of a URL. */
const overridesOf = /* @__PURE__ */ remembered((url: string): Overrides => {
  const hash = url.indexOf("#")
  const given = new URLSearchParams(hash === -1 ? "" : url.slice(hash + 1))
  return {
    retries: within(given.get("rc"), [0, 5], 1),
    on: (given.get("rp") ?? "ct").split(","),
    readTimeout: within(given.get("rt"), [100, 15_000], 15_000),
    totalTimeout: within(given.get("tt"), [100, 15_000], 15_000)
  }
})

export const timeout: Dialect["timeout"] = (webhook) => {
  const { readTimeout, totalTimeout } = overridesOf(dataOfWebhook(webhook).configured)
  return Math.min(readTimeout, totalTimeout)
}

/** Names the kind of failure, as the override `rp` does. */
const policyOf = (outcome: Outcome): string | undefined => {
  if (outcome._tag === "Unreachable") return "ct"
  if (outcome._tag === "TimedOut") return "rt"
  if (outcome.status >= 500) return "5xx"
  return outcome.status >= 400 ? "4xx" : undefined
}

const retryDelay = 500
const maxRedirects = 10

/** Follows a redirect. Only 307 and 308 keep the method and the fields. */
const redirected = (webhook: Webhook, outcome: Outcome): Retry | undefined => {
  if (outcome._tag !== "Answered" || ![301, 302, 303, 307, 308].includes(outcome.status)) return undefined
  const url = URL.parse(outcome.headers["location"] ?? "", webhook.url)?.href
  const data = dataOfWebhook(webhook)
  const redirects = (data.redirects ?? 0) + 1
  if (url === undefined || redirects > maxRedirects) return undefined
  const moved = { ...webhook, url, data: { ...data, configured: url, redirects } }
  return { after: 0, webhook: outcome.status >= 307 ? moved : { ...moved, method: "GET", body: "" } }
}

/** Repeats a request with the credentials of its URL, once the application has asked for them. */
const authorized = (webhook: Webhook, outcome: Outcome): Retry | undefined => {
  const data = dataOfWebhook(webhook)
  const { password, username } = URL.parse(data.configured) ?? {}
  if (outcome._tag !== "Answered" || outcome.status !== 401 || data.isAuthorized === true) return undefined
  if (!/^basic/i.test(outcome.headers["www-authenticate"] ?? "") || !username) return undefined
  const authorization = `Basic ${btoa(`${decodeURIComponent(username)}:${decodeURIComponent(password ?? "")}`)}`
  return {
    after: 0,
    webhook: { ...webhook, headers: { ...webhook.headers, authorization }, data: { ...data, isAuthorized: true } }
  }
}

/** Falls back to the second URL of a number, with the error. */
const fallenBack = (account: Account, webhook: Webhook, outcome: Outcome): Retry | undefined => {
  const { configured, fallback, fields } = dataOfWebhook(webhook)
  if (fallback === undefined || fallback === "") return undefined
  const message = account.options.network.find(webhook.messageId)
  if (message === undefined) return undefined
  const code = outcome._tag === "Answered" ? "11200" : "11205"
  const withError = { ...fields, ErrorCode: code, ErrorUrl: requested(configured) }
  return { after: 0, webhook: build(account, webhook.kind, { url: fallback, method: "POST" }, message, withError) }
}

export const retry = (account: Account): Dialect["retry"] => (webhook, attempt, outcome) => {
  const other = redirected(webhook, outcome) ?? authorized(webhook, outcome)
  if (other !== undefined) return other
  const policy = policyOf(outcome)
  if (policy === undefined) return undefined
  const { configured, isAuthorized = false, redirects = 0 } = dataOfWebhook(webhook)
  const { on, retries } = overridesOf(configured)
  const made = attempt - redirects - (isAuthorized ? 1 : 0)
  if (made <= retries && (on.includes(policy) || on.includes("all"))) return { after: retryDelay }
  return webhook.kind === "inbound" ? fallenBack(account, webhook, outcome) : undefined
}
