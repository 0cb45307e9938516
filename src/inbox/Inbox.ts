/**
 * The inbox: accepted webhook events that are not yet processed.
 *
 * A webhook is acknowledged once its events are in the inbox. They are
 * processed from there, in the order of their conversation.
 *
 * **Example** (What repetitions are recognized by)
 *
 * ```ts run
 * import { Address, Content, Inbox, Message } from "effect-sms"
 *
 * const message = new Message.InboundMessage({
 *   provider: "twilio",
 *   channelId: "sms-twilio",
 *   idempotencyKey: "SM1",
 *   sender: Address.Address.make("+15145550142"),
 *   recipient: Address.Address.make("+15145550100"),
 *   content: new Content.TextContent({ text: "Hello!" }),
 *   metadata: {},
 *   raw: {}
 * })
 * Inbox.keyOf(message) // => "[\"message\",\"sms-twilio\",\"SM1\"]"
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as SecureRandom from "effect/crypto/SecureRandom"
import * as Layer from "effect/Layer"
import { canonical } from "../Address.ts"
import { addressOf } from "../internal/eventAddress.ts"
import { formOf, groupOf } from "../internal/group.ts"
import type { InboundMessage } from "../Message.ts"
import type * as Queue from "../queue/Queue.ts"
import * as QueueMemory from "../queue/QueueMemory.ts"
import type * as QueueProcessor from "../queue/QueueProcessor.ts"
import type { WebhookEvent } from "../WebhookEvent.ts"

/**
 * An event in the inbox.
 *
 * @category models
 * @since 0.1.0
 */
export type Entry = Queue.Entry<WebhookEvent>

/**
 * The members of {@link Inbox}.
 *
 * @category models
 * @since 0.1.0
 */
export type Service = Queue.Queue<WebhookEvent>

/**
 * The inbox service.
 *
 * @category services
 * @since 0.1.0
 */
export class Inbox extends Context.Service<Inbox, Service>()("effect-sms/inbox/Inbox") {}

const laneOfMessage = (message: InboundMessage): string => {
  const { channelId, recipient, sender } = message
  const group = groupOf(message)
  return JSON.stringify(
    group === undefined ? [channelId, canonical(sender)] : [channelId, canonical(recipient), formOf(group)]
  )
}

/**
 * Returns the lane of an event: the messages of one conversation, with a person
 * or a group, and the delivery reports of one message, are processed in order.
 *
 * **Example** (Events that keep their order)
 *
 * ```ts run
 * import { Inbox, WebhookEvent } from "effect-sms"
 *
 * Inbox.laneOf(new WebhookEvent.Unrecognized({ provider: "twilio", raw: {} })) // => "[\"twilio\"]"
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const laneOf = (event: WebhookEvent): string => {
  switch (event._tag) {
    case "InboundMessage":
      return laneOfMessage(event)
    case "MessagePart":
      return laneOfMessage(event.message)
    case "DeliveryStatus":
      return JSON.stringify([event.provider, event.messageId])
    case "Unrecognized":
      return JSON.stringify([event.provider])
  }
}

/**
 * Returns the idempotency key of an event, or `undefined` if it has none.
 *
 * @category getters
 * @since 0.1.0
 */
export const keyOf = (event: WebhookEvent): string | undefined => {
  switch (event._tag) {
    case "InboundMessage":
      return event.idempotencyKey && JSON.stringify(["message", event.channelId, event.idempotencyKey])
    case "MessagePart":
      return event.message.idempotencyKey &&
        JSON.stringify(["part", event.message.channelId, event.message.idempotencyKey])
    case "DeliveryStatus":
      return JSON.stringify(["status", event.provider, event.messageId, event.recipient ?? "", event.idempotencyKey])
    case "Unrecognized":
      return undefined
  }
}

/**
 * The lanes and keys of the inbox.
 *
 * @category models
 * @since 0.1.0
 */
export const definition: Queue.Definition<WebhookEvent> = {
  keyOf,
  laneOf,
  describe: (event) => ({ kind: event._tag, provider: event.provider, address: addressOf(event) })
}

/**
 * Provides an in-memory inbox: for a single process, for tests, and for
 * applications that need lanes and retries without a database. It is lost on
 * restart.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory = (options?: QueueMemory.Options): Layer.Layer<Inbox, never, SecureRandom.SecureRandom> =>
  Layer.effect(Inbox, QueueMemory.make(definition, options))

/**
 * The processor of the inbox. If it is provided, a webhook is acknowledged once
 * its events are accepted.
 *
 * @category services
 * @since 0.1.0
 */
export class InboxProcessor extends Context.Service<InboxProcessor, QueueProcessor.Processor<WebhookEvent>>()(
  "effect-sms/inbox/InboxProcessor"
) {}
