/**
 * Processes the entries of the inbox with the kit: it runs hooks, channels and
 * delivery status handlers, and assembles split messages.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
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
      const processor = yield* QueueProcessor.make({
        name: "inbox",
        queue: yield* Inbox,
        kindOf: ({ _tag }) => _tag,
        process: kit.processEntry
      }, options)
      yield* kit.acceptMerged((message) => processor.accept([message]))
      return processor
    })
  )
