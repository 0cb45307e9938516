/**
 * What is replaced in a recording of Sinch's callbacks.
 */
import { lookup } from "../internal/record.ts"
import type { Kinds, Masking } from "../provider/Recording.ts"

const under = (path: string, kinds: Kinds): Kinds =>
  Object.fromEntries(Object.entries(kinds).map(([name, kind]) => [`${path}.${name}`, kind]))

const file: Kinds = {
  url: "url",
  content_type: "keep",
  contentType: "keep",
  mimeType: "keep",
  mime_type: "keep",
  status: "keep",
  code: "keep"
}

const kinds: Kinds = {
  type: "keep",
  event: "keep",
  eventType: "keep",
  event_type: "keep",
  trigger: "keep",
  id: "id",
  batch_id: "id",
  from: "number",
  to: "number",
  recipient: "number",
  applied_originator: "number",
  body: "text",
  message: "text",
  subject: "text",
  media: "url",
  ...under("media", file),
  "body.message": "text",
  "body.text": "text",
  "body.subject": "text",
  "body.media": "url",
  ...under("body", file),
  ...under("body.media", file),
  udh: "header",
  client_reference: "reference",
  received_at: "time",
  sent_at: "time",
  send_at: "time",
  at: "time",
  operator_status_at: "time",
  operator_id: "keep",
  operator: "keep",
  encoding: "keep",
  over_charge_amount: "keep",
  status: "keep",
  status_message: "text",
  code: "keep",
  number_of_message_parts: "keep",
  total_message_count: "keep",
  "statuses.status": "keep",
  "statuses.code": "keep",
  "statuses.count": "keep",
  "statuses.recipients": "number"
}

const binaryKinds: Kinds = { ...kinds, body: "bytes" }

export const masking: Masking = {
  kindsOf: (payload) => String(lookup(payload, "type")).toLowerCase() === "mo_binary" ? binaryKinds : kinds
}
