/**
 * Processes the entries of the inbox with the kit: it runs hooks, channels and
 * delivery status handlers, and assembles split messages. With a
 * `ConsentIntake`, what events say about consent is recorded before they are
 * accepted.
 *
 * **Example** (Processing webhooks after they are stored)
 *
 * ```ts
 * import { NodeCrypto } from "@effect/platform-node"
 * import { Layer } from "effect"
 * import { Inbox, RoomInbox, RoomKit } from "effect-sms"
 *
 * export const App = RoomInbox.layer().pipe(
 *   Layer.provideMerge(RoomKit.layer()),
 *   Layer.provide(Inbox.layerMemory()),
 *   Layer.provide(NodeCrypto.layer)
 * )
 * ```
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { ConsentIntake } from "../consent/ConsentIntake.ts"
import { Inbox, InboxProcessor } from "../inbox/Inbox.ts"
import * as QueueProcessor from "../queue/QueueProcessor.ts"
import { RoomKit } from "./RoomKit.ts"

/**
 * Provides the inbox processor, which runs for the lifetime of the layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options?: QueueProcessor.Options
): Layer.Layer<InboxProcessor, never, RoomKit | Inbox> =>
  Layer.effect(
    InboxProcessor,
    Effect.gen(function*() {
      const kit = yield* RoomKit
      const inbox = yield* Inbox
      const consents = Option.getOrUndefined(yield* Effect.serviceOption(ConsentIntake))
      const processor = yield* QueueProcessor.make({
        name: "inbox",
        // Recorded first: once the webhook is acknowledged, nothing more goes out to a person who has opted out.
        queue: consents === undefined ? inbox : {
          ...inbox,
          accept: (events) => Effect.andThen(consents.receive(events), inbox.accept(events))
        },
        kindOf: ({ _tag }) => _tag,
        process: kit.processEntry
      }, options)
      yield* kit.acceptMerged((message) => processor.accept([message]))
      return processor
    })
  )
