/**
 * Sends with the batches of Sinch's SMS REST API, one recipient per batch
 * (https://developers.sinch.com/docs/sms/api-reference/sms/tag/Batches/).
 */
import * as Clock from "effect/Clock"
import type * as CryptoError from "effect/crypto/CryptoError"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import { fromCarrierDigits, toCarrierDigits } from "../Address.ts"
import type { StatusWaits } from "../provider/Query.ts"
import { list } from "../provider/Secrets.ts"
import type * as Sending from "../provider/Sending.ts"
import * as Times from "../provider/Times.ts"
import * as Wire from "../provider/Wire.ts"
import type { SenderOptions } from "./Config.ts"
import { refusalOf } from "./Errors.ts"
import * as Queries from "./Queries.ts"
import * as Schema from "./Schema.ts"

const beforeSent = ["15 minutes", "1 hour", "6 hours", "1 day", "4 days"] as const

/** A batch is valid for three days at most, from the time for which it is scheduled. */
const statusWaits: StatusWaits = {
  unknown: beforeSent,
  accepted: beforeSent,
  queued: beforeSent,
  sending: beforeSent,
  scheduled: ["1 day", "4 days", "14 days"],
  sent: ["1 hour", "6 hours", "1 day", "4 days"]
}

const defaultReport = "per_recipient"

const capabilities = (
  { defaultOriginator = false, deliveryReport = defaultReport }: SenderOptions
): Sending.SendCapabilities => ({
  // An MMS has one media URL, according to the reference and all of Sinch's SDKs.
  maxMedia: 1,
  maxLength: 2000,
  senders: ["PhoneNumber", "ShortCode", "SenderId"],
  choosesSender: defaultOriginator,
  recipients: ["PhoneNumber"],
  options: deliveryReport === "none"
    ? ["sendAt", "validityPeriod", "reference"]
    : ["sendAt", "validityPeriod", "statusCallback", "reference"],
  statusWaits
})

/**
 * Builds the parameters of a text. Sinch replaces `${name}` in a text, and
 * drops the message when the parameter has no value
 * (https://developers.sinch.com/docs/sms/resources/message-info/message-parameterization/).
 * Each placeholder therefore gets itself as its value.
 */
const parametersOf = (text: string) => {
  const keys = Array.from(text.matchAll(/\$\{([\w.-]{1,16})\}/g), ([, key = ""]) => key)
  return keys.length === 0 ? undefined : Object.fromEntries(keys.map((key) => [key, { default: `\${${key}}` }]))
}

/** Builds the request body. Omits members that are `undefined`. */
const bodyOf = (
  part: Sending.Part,
  options: SenderOptions,
  now: number
): string => {
  const { from, media: [file], message, text, to } = part
  const callback = message.statusCallback ?? options.statusCallback
  const deliveryReport = callback === undefined && options.planHasCallback === false
    ? "none"
    : options.deliveryReport ?? defaultReport
  const sendAt = message.sendAt
  const validity = message.validityPeriod ?? options.validityPeriod
  const start = sendAt === undefined ? now : DateTime.toEpochMillis(sendAt)
  return JSON.stringify({
    to: [toCarrierDigits(to)],
    from: from && toCarrierDigits(from),
    type: file === undefined ? "mt_text" : "mt_media",
    body: file === undefined ? text : { url: file.url, message: text === "" ? undefined : text },
    parameters: parametersOf(text),
    delivery_report: deliveryReport,
    callback_url: deliveryReport === "none" ? undefined : callback,
    client_reference: Queries.referenceOf(part),
    send_at: sendAt && DateTime.formatIso(sendAt),
    expire_at: validity === undefined
      ? undefined
      : DateTime.formatIso(DateTime.makeUnsafe(start + Times.wholeSeconds(validity) * 1000))
  })
}

const readBatch = Wire.reader(Schema.Batch)
const readRefused = Wire.reader(Schema.Refused)
const readError = Wire.reader(Schema.RefusedError)

/** Reads an acceptance. Sinch returns no status for a batch that was just created. */
const accepted = (body: unknown, { from, message }: Sending.Part): Sending.Accepted | undefined => {
  const { from: echo, id } = readBatch(body) ?? {}
  if (id === undefined) return undefined
  return {
    messageId: id,
    status: message.sendAt === undefined ? "accepted" : "scheduled",
    carrierStatus: "",
    sender: echo === undefined ? from : fromCarrierDigits(echo)
  }
}

const words = (body: unknown, status: number): Sending.Words => {
  const { code: word, error, text } = readRefused(body) ?? {}
  const { message, status: errorStatus } = readError(error) ?? {}
  const code = word ?? errorStatus
  // Numeric codes belong to delivery reports; in this response a number would be the HTTP status.
  const refusal = code === undefined || /^\d+$/.test(code) ? undefined : refusalOf(code)
  return {
    code,
    detail: text ?? message,
    // The path contains only the service plan, so a 404 means that the plan is unknown or in another region.
    refusal: refusal ?? (status === 404 ? "Authentication" : undefined)
  }
}

/** Makes the sending side of a service plan. Fails when the API token is empty. */
export const make = Effect.fnUntraced(function*(
  options: SenderOptions
): Effect.fn.Return<Sending.CarrierSending, CryptoError.CryptoError> {
  const { apiToken, region, servicePlanId } = options
  const { baseUrl = `https://${region}.sms.api.sinch.com` } = options
  yield* list("Sinch", apiToken)
  const request = HttpClientRequest.post(`${baseUrl}/xms/v1/${encodeURIComponent(servicePlanId)}/batches`).pipe(
    HttpClientRequest.bearerToken(apiToken),
    HttpClientRequest.acceptJson
  )
  return {
    capabilities: capabilities(options),
    secrets: [apiToken],
    check: ({ validityPeriod = options.validityPeriod }) => Times.checkValidity(validityPeriod, "3 days"),
    request: (part) =>
      Effect.map(
        Clock.currentTimeMillis,
        (now) => HttpClientRequest.bodyText(request, bodyOf(part, options, now), "application/json")
      ),
    accepted,
    words,
    queries: Queries.make(HttpClientRequest.setMethod(request, "GET"))
  }
})
