/**
 * Builds the message from several parts, or from a late one.
 */
import { type Content, fromParts, MediaContent, type Part, parts } from "../../Content.ts"
import { compact } from "../../internal/record.ts"
import { unchecked } from "../../internal/unchecked.ts"
import { contentOf } from "../../internal/userDataContent.ts"
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

/**
 * The metadata key of the numbers of missing segments, separated by spaces. Set
 * on a concatenated SMS that was released incomplete.
 *
 * @category constants
 * @since 0.1.0
 */
export const missingKey = "missingParts"

export const idOf = (message: InboundMessage): string | undefined => message.externalId ?? message.idempotencyKey

const withoutCaption = ({ caption: _, ...file }: MediaContent): MediaContent => unchecked(MediaContent, file)

/** Returns the written text: the text of a message or the caption of a file. */
const writtenText = (part: Part): string =>
  part._tag === "TextContent" ? part.text : part._tag === "MediaContent" ? part.caption ?? "" : ""

/** Returns the numbers of the segments that are not among the parts. */
export const missingOf = (parts: ReadonlyArray<MessagePart>): ReadonlyArray<number> => {
  const numbers = new Set(parts.map(({ segment }) => segment?.number))
  const total = parts[0]?.segment?.total ?? 0
  return Array.from({ length: total }, (_, index) => index + 1).filter((number) => !numbers.has(number))
}

/** Sorts segments by number, and the wrapper before other parts. */
const ordered = (parts: readonly [MessagePart, ...ReadonlyArray<MessagePart>]): ReadonlyArray<MessagePart> =>
  [...parts].sort((one, other) =>
    Number(other.role === "wrapper") - Number(one.role === "wrapper") ||
    (one.segment?.number ?? 0) - (other.segment?.number ?? 0)
  )

/** Joins the contents. Different texts are all kept, one per line. */
const joined = (messages: ReadonlyArray<InboundMessage>): Content => {
  const contents = messages.flatMap(({ content }) => parts(content))
  const texts = new Set(contents.map(writtenText).filter((text) => text !== ""))
  const others = contents.filter((part) => part._tag !== "TextContent")
    .map((part) => part._tag === "MediaContent" ? withoutCaption(part) : part)
  return fromParts([...texts].join("\n"), others)
}

/** Returns the first value of a field among the messages. */
const firstOf = <K extends "receivedAt" | "sentAt" | "reference" | "spam" | "cost">(
  messages: ReadonlyArray<InboundMessage>,
  key: K
) => messages.find((message) => message[key] !== undefined)?.[key]

/**
 * Merges several parts into one message. The message takes the ids of the
 * wrapper, or of the first part with an id, so its id is always a real carrier
 * id.
 */
export const merge = (all: readonly [MessagePart, ...ReadonlyArray<MessagePart>]): InboundMessage => {
  const missing = missingOf(all)
  if (all.length === 1 && missing.length === 0) return all[0].message
  const inOrder = ordered(all)
  const messages = inOrder.map(({ message }) => message)
  const [head, ...tail] = inOrder.flatMap(({ segment }) => segment ?? [])
  const first = messages[0]!
  const named = messages.find((message) => idOf(message) !== undefined) ?? first
  const ids = messages.flatMap((message) => idOf(message) ?? [])
  return unchecked(InboundMessage, {
    provider: first.provider,
    channelId: first.channelId,
    ...(named.externalId !== undefined && { externalId: named.externalId }),
    ...(named.idempotencyKey !== undefined && { idempotencyKey: named.idempotencyKey }),
    sender: first.sender,
    recipient: first.recipient,
    content: head === undefined ? joined(messages) : contentOf([head, ...tail]),
    ...compact({
      participants: first.participants,
      receivedAt: firstOf(messages, "receivedAt"),
      sentAt: firstOf(messages, "sentAt"),
      reference: firstOf(messages, "reference"),
      spam: firstOf(messages, "spam"),
      cost: firstOf(messages, "cost"),
      segments: head?.total
    }),
    metadata: {
      ...Object.assign({}, ...messages.map(({ metadata }) => metadata).reverse()),
      ...named.metadata,
      ...(ids.length > 0 && { [partsKey]: ids.join(" ") }),
      ...(missing.length > 0 && { [missingKey]: missing.join(" ") })
    },
    raw: { parts: messages.map(({ raw }) => raw) }
  })
}

/** Marks a late part with the id of the message that it belongs to. */
export const partOf = (message: InboundMessage, id: string | undefined): InboundMessage =>
  id === undefined
    ? message
    : unchecked(InboundMessage, { ...message, metadata: { ...message.metadata, [partOfKey]: id } })
