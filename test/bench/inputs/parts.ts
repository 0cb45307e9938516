/** The parts of split messages of VoiceMeUp. */
import { Address } from "effect-sms/Address"
import { MediaContent, TextContent } from "effect-sms/Content"
import { InboundMessage } from "effect-sms/Message"
import { MessagePart } from "effect-sms/WebhookEvent"

const sender = Address.make("+14188050723")
const recipient = Address.make("+14184805945")

export const correlationKey = (i: number): string => `${sender}:${recipient}:${i}`

/** A part of the message with this number. */
export const part = (role: MessagePart["role"], i: number): MessagePart => {
  const id = `${role}-${i}`
  return new MessagePart({
    provider: "voicemeup",
    role,
    correlationKey: correlationKey(i),
    message: new InboundMessage({
      provider: "voicemeup",
      channelId: "sms-voicemeup",
      externalId: id,
      idempotencyKey: id,
      sender,
      recipient,
      content: role === "wrapper"
        ? new TextContent({ text: "Look at this photo!" })
        : new MediaContent({ url: `https://clients.voicemeup.com/file/${i}.mms.jpg`, mimeType: "image/jpeg" }),
      metadata: { sms_hash: id },
      raw: { sms_hash: id, message: "Look at this photo!" }
    })
  })
}
