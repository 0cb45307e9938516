/**
 * Builds the message from several parts, or from a late one.
 */
import { fromParts, media, MediaContent, text } from "../../Content.ts"
import { InboundMessage } from "../../Message.ts"
import type { MessagePart } from "../../WebhookEvent.ts"

/**
 * The metadata key of a message made of several parts. Its value holds the ids
 * of all parts, separated by spaces, the wrapper first.
 *
 * @category constants
 * @since 0.1.0
 */
export const partsKey = "mmsParts"

/**
 * The metadata key of a late part. Its value is the id of the message that it
 * belongs to, which was released earlier.
 *
 * @category constants
 * @since 0.1.0
 */
export const partOfKey = "mmsPartOf"

export const idOf = (message: InboundMessage): string | undefined => message.externalId ?? message.idempotencyKey

const withoutCaption = ({ caption: _, ...file }: MediaContent): MediaContent => new MediaContent(file)

/**
 * Merges several parts into one message. The message takes the ids of the
 * wrapper, or of the first part with an id, so its id is always a real carrier
 * id. Different texts are all kept, one per line.
 */
export const merge = (parts: readonly [MessagePart, ...ReadonlyArray<MessagePart>]): InboundMessage => {
  if (parts.length === 1) return parts[0].message
  const messages = [...parts]
    .sort((one, other) => Number(other.role === "wrapper") - Number(one.role === "wrapper"))
    .map(({ message }) => message)
  const first = messages[0]!
  const named = messages.find((message) => idOf(message) !== undefined) ?? first
  const received = messages.find(({ receivedAt }) => receivedAt !== undefined)
  const texts = new Set(messages.map(({ content }) => text(content)).filter((text) => text !== ""))
  const files = messages.flatMap(({ content }) => media(content)).map(withoutCaption)
  const ids = messages.flatMap((message) => idOf(message) ?? [])
  return new InboundMessage({
    provider: first.provider,
    channelId: first.channelId,
    ...(named.externalId !== undefined && { externalId: named.externalId }),
    ...(named.idempotencyKey !== undefined && { idempotencyKey: named.idempotencyKey }),
    sender: first.sender,
    recipient: first.recipient,
    content: fromParts([...texts].join("\n"), files),
    ...(received?.receivedAt !== undefined && { receivedAt: received.receivedAt }),
    metadata: {
      ...Object.assign({}, ...messages.map(({ metadata }) => metadata).reverse()),
      ...named.metadata,
      ...(ids.length > 0 && { [partsKey]: ids.join(" ") })
    },
    raw: { parts: messages.map(({ raw }) => raw) }
  })
}

/** Marks a late part with the id of the message that it belongs to. */
export const partOf = (message: InboundMessage, id: string | undefined): InboundMessage =>
  id === undefined
    ? message
    : new InboundMessage({ ...message, metadata: { ...message.metadata, [partOfKey]: id } })
