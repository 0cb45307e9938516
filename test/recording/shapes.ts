/** What must be the same of a webhook and of its recording. */
import * as Content from "../../src/Content.ts"
import * as Segments from "../../src/segments/Segments.ts"
import type { WebhookEvent } from "../../src/WebhookEvent.ts"

const textShape = (text: string) => {
  const { encoding, segments, units } = Segments.count(text)
  return { encoding, segments, units }
}

const contentShape = (content: Content.Content) => ({
  parts: Content.parts(content).map((part) => [
    part._tag,
    "mimeType" in part ? part.mimeType : undefined,
    "unavailable" in part ? part.unavailable : undefined
  ]),
  text: textShape(Content.text(content)),
  media: Content.media(content).length
})

/** The kind of an event, its status, segments, and what its content is made of. */
export const shapeOf = (event: WebhookEvent): unknown => {
  switch (event._tag) {
    case "InboundMessage":
      return {
        tag: event._tag,
        content: contentShape(event.content),
        segments: event.segments,
        participants: event.participants?.length,
        aliases: event.senderAliases?.length,
        times: [event.receivedAt !== undefined, event.sentAt !== undefined],
        spam: event.spam,
        cost: event.cost,
        hasKey: event.idempotencyKey !== undefined
      }
    case "MessagePart":
      return {
        tag: event._tag,
        role: event.role,
        isCorrelated: event.correlationKey !== undefined,
        segment: event.segment && [event.segment.number, event.segment.total],
        message: shapeOf(event.message)
      }
    case "DeliveryStatus":
      return {
        tag: event._tag,
        status: event.status,
        carrierStatus: event.carrierStatus,
        errorCode: event.errorCode,
        segments: event.segments,
        count: event.count,
        hasRecipient: event.recipient !== undefined,
        hasSender: event.sender !== undefined,
        hasReference: event.reference !== undefined,
        intent: event.intent && [event.intent.part, event.intent.of],
        hasTime: event.timestamp !== undefined
      }
    case "Unrecognized":
      return { tag: event._tag, eventType: event.eventType }
  }
}
