/**
 * What the server posts to an application: an event as JSON.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Content from "../Content.ts"
import { AlarmRaised, ConsentChanged, DeliveryChanged, MessageReceived } from "../events/Event.ts"
import type { Entry } from "../events/EventLog.ts"
import { compact } from "../internal/record.ts"

/**
 * A person's message. A message that a hook blocked has `blocked`, and is not
 * answered.
 *
 * @category models
 * @since 0.1.0
 */
export class MessageNotification extends Schema.Class<MessageNotification>("effect-sms/forward/MessageNotification")({
  type: Schema.tag("message.received"),
  /** When it was received. */
  timestamp: Schema.DateTimeUtcFromString,
  data: Schema.Struct({
    ...MessageReceived.fields,
    /** The text of the message, with the captions of its files. Empty if there is none. */
    text: Schema.String,
    /** Its files, with their URLs as in `message.content`. */
    media: Schema.Array(Schema.Struct({ url: Schema.String, mimeType: Schema.optionalKey(Schema.String) }))
  })
}) {}

/**
 * A change of a delivery's status.
 *
 * @category models
 * @since 0.1.0
 */
export class DeliveryNotification
  extends Schema.Class<DeliveryNotification>("effect-sms/forward/DeliveryNotification")({
    type: Schema.tag("delivery.changed"),
    /** When the change was recorded. */
    timestamp: Schema.DateTimeUtcFromString,
    data: DeliveryChanged
  })
{}

/**
 * A person opted out or in.
 *
 * @category models
 * @since 0.1.0
 */
export class ConsentNotification extends Schema.Class<ConsentNotification>("effect-sms/forward/ConsentNotification")({
  type: Schema.tag("consent.changed"),
  /** When the change was recorded. */
  timestamp: Schema.DateTimeUtcFromString,
  data: ConsentChanged
}) {}

/**
 * A limit of a guard refused messages, or is about to.
 *
 * @category models
 * @since 0.1.0
 */
export class AlarmNotification extends Schema.Class<AlarmNotification>("effect-sms/forward/AlarmNotification")({
  type: Schema.tag("alarm.raised"),
  /** When the alarm was recorded. */
  timestamp: Schema.DateTimeUtcFromString,
  data: AlarmRaised
}) {}

/**
 * What is posted.
 *
 * @category models
 * @since 0.1.0
 */
export type Notification = typeof Notification.Type

/**
 * Schema of {@link Notification}.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Notification = Schema.Union([
  MessageNotification,
  DeliveryNotification,
  ConsentNotification,
  AlarmNotification
])

/**
 * The kinds of events that are forwarded.
 *
 * @category models
 * @since 0.1.0
 */
export const kinds = ["MessageReceived", "DeliveryChanged", "ConsentChanged", "AlarmRaised"] as const

/**
 * Builds the notification of an entry of the log. `undefined` for a kind that is
 * not forwarded.
 *
 * @category constructors
 * @since 0.1.0
 */
export const notificationOf = ({ event, time: timestamp }: Entry): Notification | undefined => {
  switch (event._tag) {
    case "MessageReceived":
      return new MessageNotification({
        timestamp,
        data: {
          ...event,
          text: Content.text(event.message.content),
          media: Content.media(event.message.content).map(({ mimeType, url }) => ({ url, ...compact({ mimeType }) }))
        }
      })
    case "DeliveryChanged":
      return new DeliveryNotification({ timestamp, data: event })
    case "ConsentChanged":
      return new ConsentNotification({ timestamp, data: event })
    case "AlarmRaised":
      return new AlarmNotification({ timestamp, data: event })
    default:
      return undefined
  }
}

/**
 * What an application may answer with status 200: a reply to the person. Media
 * are URLs that the carrier can fetch.
 *
 * @category models
 * @since 0.1.0
 */
export class Answer extends Schema.Class<Answer>("effect-sms/forward/Answer")({
  reply: Schema.optionalKey(Schema.Struct({
    text: Schema.optionalKey(Schema.String),
    media: Schema.optionalKey(Schema.Array(Schema.Union([
      Schema.String,
      Schema.Struct({ url: Schema.String, mimeType: Schema.optionalKey(Schema.String) })
    ])))
  }))
}) {}
