import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { InboundMessage } from "../Message.ts"
import { MmsAggregator, type MmsAggregatorError } from "../mms/MmsAggregator.ts"
import type { WebhookError } from "../WebhookError.ts"
import { MessagePart } from "../WebhookEvent.ts"
import { carrier } from "./Carrier.ts"

/**
 * Returns the inbound message of a VoiceMeUp webhook, for a channel. Returns
 * `None` while a split MMS waits for its other parts, for a repeated part, and
 * for a webhook that is not a message.
 *
 * A message whose parts time out is passed to the handler of the {@link
 * MmsAggregator}: its `onTimeout`, or a handler registered with `onDue`. The
 * aggregator's options replace a configuration function such as
 * `configureVoiceMeUpMms` of other libraries.
 *
 * **Example** (Merging the two webhooks of an MMS)
 *
 * ```ts run
 * import { Effect, Option } from "effect"
 * import { Content, MmsAggregator, VoiceMeUp } from "effect-sms"
 *
 * const common = {
 *   source_number: "14188050723",
 *   destination_number: "14184805945",
 *   datetime_transmission: "2026-01-28 13:00:14"
 * }
 * const url = "https://clients.voicemeup.com/file/249fad7f.mms"
 *
 * const program = Effect.gen(function*() {
 *   const wrapper = { ...common, sms_hash: "1", message: "Look!", attachment: `${url}.html` }
 *   const waiting = yield* VoiceMeUp.parseVoiceMeUpWebhook(wrapper, "sms")
 *   const picture = { ...common, sms_hash: "2", message: "", attachment: `${url}.jpg` }
 *   const whole = yield* VoiceMeUp.parseVoiceMeUpWebhook(picture, "sms")
 *   return [Option.isNone(waiting), Option.map(whole, ({ content }) => Content.text(content))]
 * })
 *
 * Effect.runSync(program.pipe(Effect.provide(MmsAggregator.layerMemory({ timeout: "5 seconds" })))) // => [true, Option.some("Look!")]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const parseVoiceMeUpWebhook = Effect.fnUntraced(function*(
  payload: Readonly<Record<string, unknown>>,
  channelId: string
): Effect.fn.Return<Option.Option<InboundMessage>, WebhookError | MmsAggregatorError, MmsAggregator> {
  const aggregator = yield* MmsAggregator
  const { events: [event] } = yield* carrier.extractMeta(payload)
  switch (event?._tag) {
    case "MessagePart":
      return yield* aggregator.offer(new MessagePart({ ...event, message: event.message.onChannel(channelId) }))
    case "InboundMessage":
      return Option.some(event.onChannel(channelId))
    default:
      return Option.none()
  }
})
