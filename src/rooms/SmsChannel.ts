/**
 * A channel that sends through a provider: the messages of a room go out to the
 * room's participants on this channel.
 *
 * Each participant receives one message, sent from our number that the
 * participant writes to, to the address that the participant wrote from last. A
 * room knows both numbers when it was opened by an inbound message, or when a
 * participant was attached to it.
 *
 * A group receives one group message, which all its members see. Where the
 * carrier cannot send to a group, the send fails with `NotSupported`: nobody
 * receives the message alone.
 *
 * Messages never return to their origin. A participant's message is not sent
 * back to that participant on any channel, and not to other participants on the
 * same channel either, because two automatic repliers there would answer each
 * other forever. To let them read each other, attach them to channels with
 * different ids.
 *
 * The kit sends the messages, runs the hooks around each send and tracks the
 * accepted ones: see `RoomKit.tracker`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { type Address, canonical } from "../Address.ts"
import { formOf } from "../internal/group.ts"
import { compact } from "../internal/record.ts"
import { OutboundMessage } from "../Message.ts"
import { type Service as Provider, SmsProvider } from "../provider/SmsProvider.ts"
import { SmsProviders } from "../provider/SmsProviders.ts"
import * as Channel from "./Channel.ts"
import type { Room } from "./Room.ts"
import { RoomKit } from "./RoomKit.ts"

/**
 * The room has no participant on this channel, and the channel has no fixed
 * recipient. In a room that receives all messages of a channel or of a number,
 * the recipient of an answer cannot be determined.
 *
 * @category errors
 * @since 0.1.0
 */
export class NoRecipient extends Schema.TaggedError<NoRecipient>()("NoRecipient", {
  channelId: Schema.String
}) {
  override get message(): string {
    return `The room has no participant on the channel ${JSON.stringify(this.channelId)}`
  }
}

/**
 * Options of an SMS channel.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /** The channel id. `sms-<provider>` by default, the channel of the provider's inbound messages. */
  readonly id?: string | undefined
  /** The recipient in rooms that have no participant on this channel. */
  readonly to?: Address | undefined
  /**
   * Whether the channel is attached to every room that the kit creates; useful
   * together with `to`. `false` by default.
   */
  readonly everyRoom?: boolean | undefined
}

/**
 * Returns the participants of a channel, each with our number that the
 * participant writes to. Attached in two forms, a participant is one.
 */
const participants = (room: Room, channelId: string): Iterable<readonly [Address, Address | undefined]> => {
  const found = new Map<Address, readonly [Address, Address | undefined]>()
  for (const attachment of room.attachments) {
    const { participant, recipient, writesFrom, writesTo } = attachment
    if (attachment.channelId !== channelId || participant === undefined) continue
    const person = canonical(participant)
    const [to, from] = found.get(person) ?? []
    found.set(person, [writesFrom ?? to ?? participant, writesTo ?? recipient ?? from])
  }
  return found.values()
}

/** Returns the groups of a channel, each once, with our number that the group writes to. */
const groups = (room: Room, channelId: string) => {
  const found = new Map<string, Pick<OutboundMessage, "to" | "participants" | "from">>()
  for (const { channelId: id, group, recipient, writesTo } of room.attachments) {
    if (id !== channelId || group === undefined) continue
    const [to, ...participants] = group
    const key = JSON.stringify(formOf(group))
    found.set(key, { to, participants, ...compact({ from: writesTo ?? recipient ?? found.get(key)?.from }) })
  }
  return found.values()
}

/**
 * Builds a channel that sends through a provider.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  { everyRoom, id, provider, to }: Options & { readonly provider: Provider }
): Channel.SendingChannel<NoRecipient> => {
  const channelId = id ?? `sms-${provider.name}`
  return Channel.makeSending({
    id: channelId,
    type: "sms",
    everyRoom,
    messages: Effect.fnUntraced(function*({ content }, room) {
      const people = Array.from(participants(room, channelId), ([to, from]) => ({ to, ...compact({ from }) }))
      const found = [...people, ...groups(room, channelId)]
      const ours = room.attachments.find((attachment) => attachment.channelId === channelId)?.recipient
      const all = found.length > 0 || to === undefined ? found : [{ to, ...compact({ from: ours }) }]
      const outgoing = all.map((fields) => ({
        provider,
        message: new OutboundMessage({ ...fields, content, purpose: "conversational" })
      }))
      return outgoing.length > 0 ? outgoing : yield* new NoRecipient({ channelId })
    })
  })
}

/**
 * Registers the provider's channel for the lifetime of the layer.
 *
 * **Example** (Answering through the carrier that a message came from)
 *
 * ```ts
 * import { RoomKit, SmsChannel, Twilio } from "effect-sms"
 * import { Config, Layer } from "effect"
 *
 * export const Channel = SmsChannel.layer().pipe(
 *   Layer.provide(Twilio.layerConfig({
 *     accountSid: Config.String("TWILIO_ACCOUNT_SID"),
 *     authToken: Config.Redacted("TWILIO_AUTH_TOKEN")
 *   })),
 *   Layer.provideMerge(RoomKit.layer())
 * )
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: Options): Layer.Layer<never, never, RoomKit | SmsProvider> =>
  Layer.effectDiscard(Effect.gen(function*() {
    const kit = yield* RoomKit
    yield* kit.registerChannel(make({ ...options, provider: yield* SmsProvider }))
  }))

/**
 * Registers a channel for every provider of the registry that can send, for the
 * lifetime of the layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerProviders: Layer.Layer<never, never, RoomKit | SmsProviders> = Layer.effectDiscard(
  Effect.gen(function*() {
    const kit = yield* RoomKit
    const providers = yield* SmsProviders
    for (const provider of providers.all) {
      if (provider.capabilities.send !== undefined) yield* kit.registerChannel(make({ provider }))
    }
  })
)
