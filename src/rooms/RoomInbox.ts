/**
 * Processes the entries of the inbox with the kit: it runs hooks, channels and
 * delivery status handlers, and assembles split messages.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Inbox } from "../inbox/Inbox.ts"
import * as InboxProcessor from "../inbox/InboxProcessor.ts"
import { RoomKit } from "./RoomKit.ts"

/**
 * Provides the inbox processor, which runs for the lifetime of the layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options?: InboxProcessor.Options
): Layer.Layer<InboxProcessor.InboxProcessor, never, RoomKit | Inbox> =>
  Layer.effect(
    InboxProcessor.InboxProcessor,
    Effect.gen(function*() {
      const kit = yield* RoomKit
      const processor = yield* InboxProcessor.make(kit.processEntry, options)
      yield* kit.acceptMerged((message) => processor.accept([message]))
      return processor
    })
  )
