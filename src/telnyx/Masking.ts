/**
 * What is replaced in a recording of Telnyx's webhooks.
 */
import type { Kinds, Masking } from "../provider/Recording.ts"

const under = (paths: ReadonlyArray<string>, kinds: Kinds): Kinds =>
  Object.fromEntries(
    paths.flatMap((path) => Object.entries(kinds).map(([name, kind]) => [`${path}.${name}`, kind]))
  )

const party: Kinds = {
  phone_number: "number",
  agent_id: "number",
  agent_name: "text",
  carrier: "keep",
  line_type: "keep",
  status: "keep"
}

const amount: Kinds = { amount: "keep", currency: "keep" }

const file: Kinds = {
  url: "url",
  link: "url",
  file_uri: "url",
  file_url: "url",
  content_type: "keep",
  mime_type: "keep",
  size: "keep",
  file_size_bytes: "keep",
  id: "id",
  sha256: "id",
  hash_sha256: "id",
  caption: "text",
  file_name: "text",
  filename: "text"
}

/** The content of RCS and of WhatsApp. */
const content: Kinds = {
  type: "keep",
  text: "text",
  "text.body": "text",
  "suggestion_response.text": "text",
  "suggestion_response.postback_data": "text",
  "button.text": "text",
  "button.payload": "text",
  "interactive.type": "keep",
  ...under(["interactive.button_reply", "interactive.list_reply"], { id: "text", title: "text", description: "text" }),
  "interactive.nfm_reply.name": "text",
  "interactive.nfm_reply.body": "text",
  "interactive.nfm_reply.response_json": "json",
  "reaction.emoji": "text",
  "reaction.message_id": "id",
  "location.latitude": "coordinate",
  "location.longitude": "coordinate",
  "location.name": "text",
  "location.address": "text",
  "contacts.name": "text",
  ...under(["contacts.name"], { formatted_name: "text", first_name: "text", last_name: "text" }),
  "contacts.org.company": "text",
  "contacts.phones": "number",
  ...under(["contacts.phones"], { phone: "number", wa_id: "number", type: "keep" }),
  "contacts.emails": "text",
  ...under(["contacts.emails"], { email: "text", type: "keep" }),
  ...under(
    [
      "user_file",
      "user_file.payload",
      "user_file.thumbnail",
      "image",
      "video",
      "audio",
      "voice",
      "document",
      "sticker"
    ],
    file
  )
}

const body: Kinds = {
  ...content,
  id: "id",
  foreign_id: "id",
  from: "number",
  from_user_id: "number",
  timestamp: "time",
  "context.id": "id",
  "context.from": "number",
  biz_opaque_callback_data: "reference",
  "edit.original_message_id": "id",
  "revoke.original_message_id": "id",
  ...under(["edit.message"], content)
}

const message: Kinds = {
  id: "id",
  group_message_id: "id",
  messaging_profile_id: "id",
  organization_id: "id",
  profile_id: "id",
  tcr_campaign_id: "id",
  record_type: "keep",
  direction: "keep",
  type: "keep",
  encoding: "keep",
  num_chars: "keep",
  parts: "keep",
  autoresponse_type: "keep",
  is_spam: "keep",
  smart_encoding_applied: "keep",
  wait_seconds: "keep",
  tcr_campaign_billable: "keep",
  tcr_campaign_registered: "keep",
  ...under(["cost", "cost_breakdown.carrier_fee", "cost_breakdown.rate"], amount),
  from: "number",
  to: "number",
  cc: "number",
  ...under(["from", "to", "cc"], party),
  text: "text",
  subject: "text",
  tags: "text",
  media: "url",
  media_urls: "url",
  ...under(["media", "media_urls"], file),
  body: "text",
  ...under(["body"], body),
  "errors.code": "keep",
  "errors.title": "keep",
  "errors.detail": "text",
  received_at: "time",
  sent_at: "time",
  completed_at: "time",
  valid_until: "time",
  webhook_url: "url",
  webhook_failover_url: "url"
}

const notice: Kinds = {
  event_type: "keep",
  record_type: "keep",
  message_id: "id",
  to: "number",
  url: "url",
  time_clicked: "time"
}

const kinds: Kinds = {
  ...notice,
  ...under(["data"], { ...notice, id: "id", occurred_at: "time" }),
  ...under(["data.payload"], message),
  "meta.attempt": "keep",
  "meta.delivered_to": "url"
}

export const masking: Masking = { kindsOf: () => kinds }
