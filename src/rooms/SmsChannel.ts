/**
 * A channel that stands for a provider: what is said in a room goes out as
 * messages to those who are in it on this channel.
 *
 * An answer goes to the number that wrote, from the number that it wrote to. A
 * room knows both when it was opened by a message, or when a participant was
 * attached to it. Several participants of a room on one channel get a message
 * each. Nothing goes back to where it came from: what one participant writes is
 * not sent to that participant on any channel, and not to the others on the
 * same one either, because two automatic answers there would never come to an
 * end. To let them read each other, attach them on channels of different ids.
 *
 * The kit sends, with the hooks before and after a send, and follows what was
 * accepted: see `RoomKit.tracker`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type { Address } from "../Address.ts"
import { compact } from "../internal/record.ts"
import { OutboundMessage } from "../Message.ts"
import { type Service as Provider, SmsProvider } from "../provider/SmsProvider.ts"
import { SmsProviders } from "../provider/SmsProviders.ts"
import type { SendingChannel } from "./Channel.ts"
import type { Room } from "./Room.ts"
import { RoomKit } from "./RoomKit.ts"

/**
 * Nobody is attached to the room on this channel, and the channel has no
 * address of its own to send to. In a room that takes every message of a
 * channel or of a number, nobody can tell whom an answer is for.
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
  /** `sms-<provider>` by default, which is where the provider's messages come in. */
  readonly id?: string | undefined
  /** Whom to send to in rooms that have no participant on this channel. */
  readonly to?: Address | undefined
  /** Whether it is attached to every room that the kit creates, which is of use with `to`. `false` by default. */
  readonly everyRoom?: boolean | undefined
}

/** Whom the room has on a channel, and the number of ours that each of them writes to. */
const participants = (room: Room, channelId: string): ReadonlyMap<Address, Address | undefined> => {
  const found = new Map<Address, Address | undefined>()
  for (const attachment of room.attachments) {
    const { participant, recipient, writesTo } = attachment
    if (attachment.channelId !== channelId || participant === undefined) continue
    found.set(participant, writesTo ?? recipient ?? found.get(participant))
  }
  return found
}

/**
 * A channel that sends through a provider.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  { everyRoom, id, provider, to }: Options & { readonly provider: Provider }
): SendingChannel<NoRecipient> => {
  const channelId = id ?? `sms-${provider.name}`
  return {
    id: channelId,
    type: "sms",
    everyRoom,
    messages: Effect.fnUntraced(function*({ content }, room) {
      const found = participants(room, channelId)
      const ours = room.attachments.find((attachment) => attachment.channelId === channelId)?.recipient
      const all: Iterable<readonly [Address, Address | undefined]> = found.size > 0 || to === undefined
        ? found
        : [[to, ours]]
      const outgoing = Array.from(
        all,
        ([to, from]) => ({ provider, message: new OutboundMessage({ to, content, ...compact({ from }) }) })
      )
      return outgoing.length > 0 ? outgoing : yield* new NoRecipient({ channelId })
    })
  }
}

/**
 * Registers the channel of the provider for the life of the layer.
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
 * Registers a channel for every provider of the registry that sends, for the
 * life of the layer.
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
