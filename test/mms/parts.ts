/** Parts of split messages, and what came out of them. */
import { Effect, type Scope } from "effect"
import { Address } from "../../src/Address.ts"
import * as Content from "../../src/Content.ts"
import { InboundMessage } from "../../src/Message.ts"
import type { Service } from "../../src/mms/MmsAggregator.ts"
import { MessagePart } from "../../src/WebhookEvent.ts"

export const customer = Address.make("+14188050723")
export const ours = Address.make("+14184805945")
export const second = `${customer}:${ours}:2026-01-28 13:00:14`

export interface Fields {
  readonly text?: string
  /** `null` for a part that names no second. */
  readonly key?: string | null
  readonly provider?: string
  /** `null` for a part without id. */
  readonly id?: string | null
}

const part = (
  role: MessagePart["role"],
  name: string,
  { id = name, key = second, provider = "voicemeup", text = "" }: Fields,
  files: ReadonlyArray<Content.MediaContent>
) =>
  new MessagePart({
    provider,
    role,
    ...(key !== null && { correlationKey: key }),
    message: new InboundMessage({
      provider,
      channelId: `sms-${provider}`,
      ...(id !== null && { externalId: id, idempotencyKey: id }),
      sender: customer,
      recipient: ours,
      content: Content.fromParts(text, files),
      metadata: { ...(id !== null && { sms_hash: id }), [role]: "yes" },
      raw: { name, text }
    })
  })

/** A wrapper whose id is the name, and so is its text unless another one is given. */
export const wrapper = (name: string, fields: Fields = {}): MessagePart =>
  part("wrapper", name, { text: name, ...fields }, [])

export const urlOf = (name: string): string => `https://clients.voicemeup.com/file/${name}.mms.jpg`

/** One file, without text unless one is given. */
export const media = (name: string, fields: Fields = {}): MessagePart =>
  part("media", name, fields, [new Content.MediaContent({ url: urlOf(name), mimeType: "image/jpeg" })])

/** What a message says, in short: its text, and the names of its files. */
export const said = ({ content }: InboundMessage): string =>
  [Content.text(content), ...Content.media(content).map(({ url }) => url.split("/").at(-1)!.split(".")[0]!)]
    .filter((text) => text !== "")
    .join(" + ")

/** As {@link said}, with the id of the message that it belongs to. */
export const saidOf = (message: InboundMessage): string => {
  const { mmsPartOf } = message.metadata
  return mmsPartOf === undefined ? said(message) : `${said(message)} of ${mmsPartOf}`
}

/** Offers parts in their order, and says what came out of each. */
export const offerAll = (aggregator: Service, ...parts: ReadonlyArray<MessagePart>) =>
  Effect.forEach(
    parts,
    (part) => Effect.map(aggregator.offer(part), (message) => message._tag === "Some" ? saidOf(message.value) : "")
  )

/** Handles what comes out by time, and keeps it. */
export const collect = (aggregator: Service): Effect.Effect<Array<InboundMessage>, never, Scope.Scope> => {
  const messages: Array<InboundMessage> = []
  return Effect.as(aggregator.onDue((message) => Effect.sync(() => void messages.push(message))), messages)
}
