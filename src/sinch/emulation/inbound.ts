/** Received messages, and their files. */
import { type ApiReply, type ApiRequest, download, type Message } from "../../provider/Emulation.ts"
import { type Account, time } from "./account.ts"
import { recipientOf } from "./reports.ts"
import { withoutPlus } from "./request.ts"

export const inboundOf = ({ options: { mediaUrl, network } }: Account) => (message: Message) => {
  const media = message.files.flatMap((id) => network.file(id) ?? []).map((file) => ({
    url: `${mediaUrl}/${file.id}`,
    content_type: file.type,
    status: "Uploaded",
    code: 0
  }))
  return {
    type: message.files.length === 0 ? "mo_text" : "mo_media",
    id: message.id,
    from: withoutPlus(message.from),
    to: recipientOf(message),
    body: message.files.length === 0
      ? message.text
      : { ...(message.text !== "" && { message: message.text }), media },
    received_at: time(message.createdAt)
  }
}

/** Serves the files. Sinch documents no host and no credentials for them. */
export const media = ({ options: { network } }: Account) => (request: ApiRequest): ApiReply => {
  const file = network.file(request.path.slice(1))
  return file === undefined
    ? { status: 404, headers: { "content-type": "text/plain" }, body: "Not Found" }
    : download(request, file)
}
