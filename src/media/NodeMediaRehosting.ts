/**
 * Re-hosting on Node in a single layer: the hook, the fetcher and the guarded
 * client. Requires `@effect/platform-node`.
 *
 * @since 0.1.0
 */
import * as Layer from "effect/Layer"
import type { RoomKit } from "../rooms/RoomKit.ts"
import * as MediaFetcher from "./MediaFetcher.ts"
import * as MediaRehosting from "./MediaRehosting.ts"
import type { MediaStore } from "./MediaStore.ts"
import * as NodeGuardedClient from "./NodeGuardedClient.ts"

/**
 * Options of the hook and the fetcher. All are optional.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = MediaRehosting.HookOptions & MediaFetcher.Options

/**
 * Re-hosts the files of received messages for the lifetime of the layer.
 *
 * **Example** (Only VoiceMeUp's files)
 *
 * ```ts
 * import { VoiceMeUp } from "effect-sms"
 * import * as NodeMediaRehosting from "effect-sms/media/NodeMediaRehosting"
 *
 * export const Rehosting = NodeMediaRehosting.layer({ carriers: [VoiceMeUp.carrier] })
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<never, never, RoomKit | MediaStore> =>
  MediaRehosting.layer(options).pipe(
    Layer.provide(MediaFetcher.layer(options)),
    Layer.provide(NodeGuardedClient.layer({ testHosts: options.testHosts }))
  )
