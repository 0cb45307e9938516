/**
 * Events about the kit itself, as opposed to messages: for operators to monitor
 * and for tests to await.
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import type { SmsError } from "../SmsError.ts"
import type { Unrecognized } from "../WebhookEvent.ts"
import type { Hook } from "./Hook.ts"

/**
 * An event about the kit.
 *
 * @category models
 * @since 0.1.0
 */
export type KitEvent =
  | { readonly _tag: "RoomCreated"; readonly roomId: string }
  | {
    readonly _tag: "EventBlocked"
    readonly roomId: string
    readonly eventId: string
    readonly hook: string
    readonly reason: string
  }
  | {
    readonly _tag: "HookFailed"
    /** Absent, as `eventId`, for a message that comes from no room. */
    readonly roomId?: string | undefined
    readonly eventId?: string | undefined
    readonly hook: string
    readonly trigger: Hook["trigger"]
    /** Contains a `TimeoutError` when the hook timed out. */
    readonly cause: Cause.Cause<unknown>
  }
  | {
    readonly _tag: "ChannelFailed"
    readonly roomId: string
    readonly eventId: string
    readonly channelId: string
    readonly cause: Cause.Cause<unknown>
  }
  | {
    readonly _tag: "SendBlocked"
    /** Absent, as `eventId`, for a message that comes from no room. */
    readonly roomId?: string | undefined
    readonly eventId?: string | undefined
    readonly channelId: string
    readonly hook: string
    readonly reason: string
  }
  | {
    /** A message was not sent, or may not have been; `error` distinguishes the two. */
    readonly _tag: "SendFailed"
    /** Absent, as `eventId`, for a message that comes from no room. */
    readonly roomId?: string | undefined
    readonly eventId?: string | undefined
    readonly channelId: string
    readonly error: SmsError
  }
  | { readonly _tag: "HandlerFailed"; readonly messageId: string; readonly cause: Cause.Cause<unknown> }
  | {
    /** The delivery store failed. A sent message, or a delivery report on it, was not recorded. */
    readonly _tag: "TrackingFailed"
    readonly provider: string
    readonly messageId: string
    readonly cause: Cause.Cause<unknown>
  }
  | { readonly _tag: "WebhookUnrecognized"; readonly event: Unrecognized }
