/** The message resource, which webhooks have as their payload. */
import { isTerminal, type Message, type State } from "../../provider/Emulation.ts"
import * as Segments from "../../segments/Segments.ts"
import { type Account, time, titleOf } from "./account.ts"

/** What the dialect keeps with a message. */
export interface Data {
  readonly type?: "SMS" | "MMS" | undefined
  readonly failoverUrl?: string | undefined
  readonly sendAt?: number | undefined
  /** The recipients of a group message. */
  readonly recipients?: ReadonlyArray<string> | undefined
  readonly subject?: string | undefined
}

export const dataOf = (message: Message): Data => message.data

const words: Partial<Record<State, string>> = {
  accepted: "queued",
  canceled: "cancelled",
  undelivered: "delivery_failed",
  failed: "sending_failed",
  unconfirmed: "delivery_unconfirmed",
  received: "webhook_delivered"
}

/** Converts a state to Telnyx's word. */
export const statusOf = ({ state }: Message): string => words[state] ?? state

export const isFinal = ({ state }: Message): boolean => state !== "received" && isTerminal(state)

const party = (number: string, status?: string) => ({
  phone_number: number,
  ...(status !== undefined && { status }),
  carrier: "",
  line_type: "Wireless"
})

const cost = (segments: number) => ({ amount: (0.004 * segments).toFixed(4), currency: "USD" })

const errorsOf = ({ code }: Message) =>
  code === undefined ? [] : [{ code, title: titleOf(code), detail: titleOf(code) }]

const hour = 3_600_000

/** Builds the resource of an outbound message. */
const outbound = (account: Account, message: Message) => {
  const { failoverUrl = "", recipients, sendAt, subject, type } = dataOf(message)
  const final = isFinal(message)
  return {
    record_type: "message",
    direction: "outbound",
    id: message.id,
    type: type ?? "SMS",
    organization_id: account.organizationId,
    messaging_profile_id: account.profileId,
    from: party(message.from),
    to: [party(message.to, statusOf(message))],
    cc: (recipients ?? []).filter((other) => other !== message.to).map((other) => party(other, "queued")),
    text: message.text,
    ...(subject !== undefined && { subject }),
    media: message.urls.map((url) => ({ url, content_type: null, sha256: null, size: null })),
    webhook_url: message.callback ?? "",
    webhook_failover_url: failoverUrl,
    encoding: Segments.count(message.text).encoding,
    parts: message.segments,
    tags: [],
    cost: cost(message.segments),
    tcr_campaign_id: null,
    tcr_campaign_billable: false,
    tcr_campaign_registered: null,
    received_at: time(message.createdAt),
    ...(sendAt !== undefined && { send_at: time(sendAt) }),
    sent_at: message.sentAt === undefined ? null : time(message.sentAt),
    completed_at: final ? time(message.updatedAt) : null,
    valid_until: final ? null : time(message.createdAt + hour),
    errors: errorsOf(message),
    cost_breakdown: { carrier_fee: cost(0), rate: cost(message.segments) },
    ...(message.group !== undefined && { group_message_id: message.group })
  }
}

/** Builds the resource of a received message. */
const inbound = (account: Account, message: Message) => {
  const { mediaUrl, network } = account.options
  const { encoding, segments } = Segments.count(message.text)
  const files = message.files.flatMap((id) => network.file(id) ?? [])
  return {
    record_type: "message",
    direction: "inbound",
    id: message.id,
    type: files.length > 0 ? "MMS" : "SMS",
    organization_id: account.organizationId,
    messaging_profile_id: account.profileId,
    from: party(message.from, "webhook_delivered"),
    to: [party(message.to, "webhook_delivered")],
    cc: [],
    text: message.text,
    media: files.map((file) => ({ url: `${mediaUrl}/${file.id}`, content_type: file.type, size: file.bytes.length })),
    webhook_url: null,
    webhook_failover_url: null,
    encoding,
    parts: segments,
    tags: [],
    cost: cost(segments),
    cost_breakdown: { carrier_fee: cost(0), rate: cost(segments) },
    tcr_campaign_id: null,
    tcr_campaign_billable: false,
    tcr_campaign_registered: null,
    received_at: time(message.createdAt),
    sent_at: null,
    completed_at: null,
    valid_until: null,
    errors: [],
    autoresponse_type: message.keyword ?? null,
    is_spam: false
  }
}

export const messageOf = (account: Account, message: Message) =>
  message.direction === "inbound" ? inbound(account, message) : outbound(account, message)
