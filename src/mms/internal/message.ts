/**
 * How the message looks that is made of several parts, or of a late one.
 */
import { fromParts, MediaContent, type Part, parts } from "../../Content.ts"
import { InboundMessage } from "../../Message.ts"
import type { MessagePart } from "../../WebhookEvent.ts"

/**
 * Metadata of a message made of several parts: the ids of all of them,
 * separated by spaces, the wrapper first.
 *
 * @category constants
 * @since 0.1.0
 */
export const partsKey = "mmsParts"

/**
 * Metadata of a part that came too late: the id of the message that it belongs
 * to, which came out before it.
 *
 * @category constants
 * @since 0.1.0
 */
export const partOfKey = "mmsPartOf"

export const idOf = (message: InboundMessage): string | undefined => message.externalId ?? message.idempotencyKey

const withoutCaption = ({ caption: _, ...file }: MediaContent): MediaContent => new MediaContent(file)

/** What people wrote: the text of a message and the caption of a file. */
const writtenText = (part: Part): string =>
  part._tag === "TextContent" ? part.text : part._tag === "MediaContent" ? part.caption ?? "" : ""

/**
 * The one message of several parts. What names it is that of the wrapper, or
 * of the first part where there is none: a real id of the carrier's. Texts that
 * differ are all kept, a line each.
 */
export const merge = (all: readonly [MessagePart, ...ReadonlyArray<MessagePart>]): InboundMessage => {
  if (all.length === 1) return all[0].message
  const messages = [...all]
    .sort((one, other) => Number(other.role === "wrapper") - Number(one.role === "wrapper"))
    .map(({ message }) => message)
  const first = messages[0]!
  const named = messages.find((message) => idOf(message) !== undefined) ?? first
  const received = messages.find(({ receivedAt }) => receivedAt !== undefined)
  const contents = messages.flatMap(({ content }) => parts(content))
  const texts = new Set(contents.map(writtenText).filter((text) => text !== ""))
  const others = contents.filter((part) => part._tag !== "TextContent")
    .map((part) => part._tag === "MediaContent" ? withoutCaption(part) : part)
  const ids = messages.flatMap((message) => idOf(message) ?? [])
  return new InboundMessage({
    provider: first.provider,
    channelId: first.channelId,
    ...(named.externalId !== undefined && { externalId: named.externalId }),
    ...(named.idempotencyKey !== undefined && { idempotencyKey: named.idempotencyKey }),
    sender: first.sender,
    recipient: first.recipient,
    content: fromParts([...texts].join("\n"), others),
    ...(received?.receivedAt !== undefined && { receivedAt: received.receivedAt }),
    metadata: {
      ...Object.assign({}, ...messages.map(({ metadata }) => metadata).reverse()),
      ...named.metadata,
      ...(ids.length > 0 && { [partsKey]: ids.join(" ") })
    },
    raw: { parts: messages.map(({ raw }) => raw) }
  })
}

/** The late part of the message that has the id. */
export const partOf = (message: InboundMessage, id: string | undefined): InboundMessage =>
  id === undefined
    ? message
    : new InboundMessage({ ...message, metadata: { ...message.metadata, [partOfKey]: id } })
