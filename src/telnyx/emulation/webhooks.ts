/**
 * The webhooks of the emulated account, their signature, and how often Telnyx
 * tries
 * (https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks).
 */
import type { Dialect, Message, Webhook } from "../../provider/Emulation.ts"
import { type Account, generateId, profileOf, time } from "./account.ts"
import { dataOf, isFinal, messageOf } from "./resources.ts"

/** What a webhook carries along. It is JSON. */
interface Data {
  readonly event: Readonly<Record<string, unknown>>
  readonly failoverUrl: string
  /** The attempts at the URL, and whether it is the second one. */
  readonly attempt: number
  readonly isFailover: boolean
}

const dataOfWebhook = (webhook: Webhook) => webhook.data as unknown as Data

const build = (webhook: Pick<Webhook, "kind" | "messageId" | "number" | "url">, data: Data): Webhook => ({
  ...webhook,
  method: "POST",
  headers: { "content-type": "application/json", "user-agent": "telnyx-webhooks" },
  body: JSON.stringify({ data: data.event, meta: { attempt: data.attempt, delivered_to: webhook.url } }),
  data: { ...data }
})

const eventOf = ({ options: { network } }: Account, type: string, payload: object) => ({
  event_type: type,
  id: generateId(network.random),
  occurred_at: time(network.now()),
  payload,
  record_type: "event"
})

/** Builds the event about the state of a message. Telnyx reports two: that it was sent, and how it ended. */
export const report = (account: Account): Dialect["report"] => (message) => {
  const { callback, direction, id: messageId, to: number } = message
  if (direction === "inbound" || callback === undefined) return undefined
  if (message.state !== "sent" && (!isFinal(message) || message.state === "canceled")) return undefined
  const type = message.state === "sent" ? "message.sent" : "message.finalized"
  return build({ kind: "status", url: callback, messageId, number }, {
    event: eventOf(account, type, messageOf(account, message)),
    failoverUrl: dataOf(message).failoverUrl ?? "",
    attempt: 1,
    isFailover: false
  })
}

/** Builds the event of a received message. */
export const inbound = (account: Account): Dialect["inbound"] => (message: Message) => {
  const { failoverUrl, webhookUrl: url } = profileOf(account)
  if (url === "") return []
  const webhook = build({ kind: "inbound", url, messageId: message.id, number: message.from }, {
    event: eventOf(account, "message.received", messageOf(account, message)),
    failoverUrl,
    attempt: 1,
    isFailover: false
  })
  return [{ webhook, after: 0 }]
}

/** Signs the time and the body. Each attempt is signed anew; whether Telnyx does that is not documented. */
export const sign = ({ options: { network }, ...account }: Account): Dialect["sign"] => (webhook, { forged }) => {
  const seconds = String(Math.floor(network.now() / 1000))
  const text = `${seconds}|${webhook.body}`
  return {
    "telnyx-signature-ed25519": forged ? account.signWrongly(text) : account.sign(text),
    "telnyx-timestamp": seconds
  }
}

export const timeout = 2000

/** The attempts at each URL. */
const maxAttempts = 3
/** The time before the second attempt, which doubles. Telnyx publishes none. */
const firstDelay = 1000

export const retry: Dialect["retry"] = (webhook, _, outcome) => {
  if (outcome._tag === "Answered" && outcome.status >= 200 && outcome.status < 300) return undefined
  const data = dataOfWebhook(webhook)
  const { attempt, failoverUrl, isFailover } = data
  if (attempt < maxAttempts) {
    return { after: firstDelay * 2 ** (attempt - 1), webhook: build(webhook, { ...data, attempt: attempt + 1 }) }
  }
  return isFailover || failoverUrl === ""
    ? undefined
    : { after: 0, webhook: build({ ...webhook, url: failoverUrl }, { ...data, attempt: 1, isFailover: true }) }
}
