/**
 * Decodes an ordinary SMS: a text from one number to one other, and no field but
 * those that every SMS has. In half of the time that the decoder of all webhooks
 * takes, to which a property holds it equal.
 */
import { isObject } from "../../internal/record.ts"
import { haveOnly } from "../../internal/rememberedNames.ts"
import type { Payload } from "../../Payload.ts"
import * as Build from "../../provider/core/build.ts"
import { toMillis } from "../../provider/core/time.ts"
import { toCost, toCount, toFlag } from "../../provider/core/values.ts"
import { maxName, maxText } from "../../provider/internal/lengths.ts"
import { messageFields } from "./fields.ts"

const isWebhook = /* @__PURE__ */ haveOnly("data meta")
const isEvent = /* @__PURE__ */ haveOnly("event_type id occurred_at payload record_type")
const isMessage = /* @__PURE__ */ haveOnly(
  `completed_at cost direction encoding errors from id is_spam media messaging_profile_id organization_id parts
  received_at record_type sent_at tags text to type valid_until webhook_failover_url webhook_url`
)

const isName = (value: unknown): value is string => typeof value === "string" && value !== "" && value.length <= maxName

const isOptional = (value: unknown): boolean => value === undefined || value === null || isName(value)

const addressOf = (party: unknown): string | undefined => {
  if (!isObject(party)) return undefined
  const { phone_number: number, status } = party
  return isName(number) && isOptional(status) ? number : undefined
}

/** Returns the message, or `undefined` for any other webhook. */
export const decode = (build: Build.Build, provider: string, raw: Payload): Build.Decoded | undefined => {
  const { data } = raw
  if (!isObject(data) || !isWebhook(raw) || !isEvent(data)) return undefined
  const { event_type: type, occurred_at: occurredAt, payload } = data
  if (type !== "message.received" || !isObject(payload) || !isMessage(payload)) return undefined
  const { completed_at, cost, direction, from, id, is_spam, media, parts, received_at, sent_at, text, to } = payload
  const sender = addressOf(from)
  const recipient = Array.isArray(to) && to.length === 1 ? addressOf(to[0]) : undefined
  const isOrdinary = direction === "inbound" && Array.isArray(media) && media.length === 0 &&
    typeof text === "string" && text !== "" && text.length <= maxText && isName(id) &&
    isOptional(data["record_type"]) &&
    isOptional(occurredAt) && isOptional(completed_at) && isOptional(received_at) && isOptional(sent_at)
  if (!isOrdinary || sender === undefined || recipient === undefined) return undefined
  const content = Build.fromParts(build, text, [])
  const metadata = messageFields.metadataOf(payload)
  const message = Build.messageOf(provider, id, sender, recipient, content, metadata, raw)
  const received = toMillis(received_at) ?? toMillis(occurredAt)
  if (received !== undefined) message.receivedAt = build.time(received)
  const sent = toMillis(sent_at)
  if (sent !== undefined) message.sentAt = build.time(sent)
  const segments = toCount(parts)
  if (segments !== undefined) message.segments = segments
  const price = toCost(cost)
  if (price !== undefined) message.cost = price
  const spam = toFlag(is_spam)
  if (spam !== undefined) message.spam = spam
  return { _tag: "Decoded", events: [build.of(message)], isChecked: true }
}
