/**
 * The callbacks of the emulated service plan, their signature, and how often
 * Sinch tries
 * (https://developers.sinch.com/docs/sms/api-reference/sms/tag/Webhooks/).
 */
import type { Dialect, Message, Webhook } from "../../provider/Emulation.ts"
import { type Account, generateId } from "./account.ts"
import { batches } from "./batches.ts"
import { inboundOf } from "./inbound.ts"
import { batchReport, dataOf, isFinal, recipientReport } from "./reports.ts"

const build = (kind: Webhook["kind"], url: string, { direction, from, id, to }: Message, body: object): Webhook => ({
  kind,
  method: "POST",
  url,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
  messageId: id,
  number: direction === "inbound" ? from : to
})

/** A message is `Queued` in several states of the network, of which one is reported. */
const isStep = ({ state }: Message): boolean => state === "sending" || state === "sent"

/** Builds the report about the state of a message, of the kind that its batch asked for. */
export const report = (account: Account): Dialect["report"] => (message) => {
  const { callback, direction, group, state } = message
  if (direction === "inbound" || callback === undefined || group === undefined || state === "read") return undefined
  const { kind } = dataOf(message)
  const withdrawn = batches(account).get(group)?.withdrawn === true
  if (kind === "per_recipient" || kind === "per_recipient_final") {
    const isReported = isFinal(message) ? !withdrawn : kind === "per_recipient" && isStep(message)
    return isReported ? build("status", callback, message, recipientReport(message)) : undefined
  }
  if (!isFinal(message)) return undefined
  const messages = account.options.network.group(group)
  return messages.every(isFinal)
    ? build("status", callback, message, batchReport(messages, { isFull: kind === "full", withdrawn }))
    : undefined
}

export const inbound = (account: Account): Dialect["inbound"] => (message) => [
  { webhook: build("inbound", account.options.inboundUrl, message, inboundOf(account)(message)), after: 0 }
]

/**
 * Signs the body, a nonce and the time. Each attempt is signed anew; whether
 * Sinch does that is not documented.
 */
export const sign = ({ options: { crypto, network }, webhookSecret }: Account): Dialect["sign"] => {
  const right = crypto.hmac("sha256", webhookSecret)
  const wrong = crypto.hmac("sha256", `${webhookSecret}x`)
  return ({ body }, { forged }) => {
    const [nonce, timestamp] = [generateId(network), String(Math.floor(network.now() / 1000))]
    return {
      "x-sinch-webhook-signature": (forged ? wrong : right)(`${body}.${nonce}.${timestamp}`),
      "x-sinch-webhook-signature-timestamp": timestamp,
      "x-sinch-webhook-signature-nonce": nonce,
      "x-sinch-webhook-signature-algorithm": "HmacSHA256"
    }
  }
}

/** Sinch publishes none. */
export const timeout = 10_000

const firstDelay = 5000
/** The last delay is 81,920 seconds. */
const maxRetries = 15

export const retry: Dialect["retry"] = (_, attempt, outcome) => {
  const isWorthIt = outcome._tag !== "Answered" || outcome.status >= 500 || outcome.status === 429
  return isWorthIt && attempt <= maxRetries ? { after: firstDelay * 2 ** (attempt - 1) } : undefined
}
