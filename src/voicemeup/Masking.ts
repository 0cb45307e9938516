/**
 * What is replaced in a recording of VoiceMeUp's webhooks.
 */
import type { Kinds, Masking } from "../provider/Recording.ts"

const kinds: Kinds = {
  direction: "keep",
  event: "keep",
  type: "keep",
  status: "keep",
  transmission_status: "keep",
  source_number: "number",
  destination_number: "number",
  message: "text",
  attachment: "url",
  "attachment.url": "url",
  "attachment.attachment": "url",
  "attachment.mime_type": "keep",
  attachment_url: "url",
  "attachment_url.url": "url",
  attachment_mime_type: "keep",
  attachment_type: "keep",
  attachment_size: "keep",
  sms_hash: "id",
  sms_log_id: "id",
  client_did_id: "id",
  datetime: "time",
  datetime_transmission: "time",
  date: "time"
}

export const masking: Masking = { kindsOf: () => kinds }
