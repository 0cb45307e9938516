import type { Content } from "../../Content.ts"
import { sizeOf } from "../../internal/sizeOf.ts"
import type { RoomEvent } from "../../RoomEvent.ts"

/** What every event has: its objects, with their fields and texts of a bounded length. */
const perEvent = 690

const perField = 40

const ofField = (text: string | undefined): number => text === undefined ? 0 : perField + 2 * text.length

const perText = 160

const ofContent = (content: Content): number =>
  content._tag === "TextContent" ? perText + ofField(content.text) : sizeOf(content)

/**
 * Estimates the bytes of an event as `sizeOf` does, in a third of its time: it
 * knows the fields that `sizeOf` would look for.
 */
export const sizeOfEvent = ({ blocked, content, id, roomId, source }: RoomEvent): number => {
  const { author, channelId, externalId, metadata, participant, participants, recipient } = source
  return perEvent + 2 * (id.length + roomId.length + channelId.length) + ofField(author) + ofField(externalId) +
    ofField(participant) + ofField(recipient) + sizeOf(participants) + sizeOf(metadata) + ofContent(content) +
    sizeOf(blocked)
}
