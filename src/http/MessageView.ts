/**
 * Deliveries, as the API returns them.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Address } from "../Address.ts"
import { Cost } from "../Cost.ts"
import { type Delivery, Entry } from "../delivery/DeliveryStore.ts"
import { Status } from "../DeliveryStatus.ts"
import { compact } from "../internal/record.ts"

/**
 * The delivery of a message to one recipient, as returned by the API.
 *
 * @category models
 * @since 0.1.0
 */
export type MessageView = typeof MessageView.Type

/**
 * Schema of {@link MessageView}.
 *
 * @category schemas
 * @since 0.1.0
 */
export const MessageView = Schema.Struct({
  provider: Schema.String,
  messageId: Schema.String,
  recipient: Schema.optionalKey(Address),
  status: Status.annotate({ description: "The furthest status so far. It never goes back" }),
  since: Schema.DateTimeUtcFromString.annotate({ description: "When this status was reached" }),
  terminal: Schema.Boolean.annotate({
    description: "Whether the status is terminal: only read can follow, and any other terminal status after unconfirmed"
  }),
  errorCode: Schema.optionalKey(Schema.String.annotate({ description: "The carrier's error code for this status" })),
  errorMessage: Schema.optionalKey(Schema.String),
  cost: Schema.optionalKey(Cost.annotate({ description: "The carrier's charge, where it tells it" })),
  contradictions: Schema.Array(Status).annotate({
    description: "Terminal statuses that were reported after a different one"
  }),
  history: Schema.Array(Entry.mapFields(({ idempotencyKey: _, ...fields }) => fields)).annotate({
    description: "The latest reports, oldest first"
  }),
  dropped: Schema.Int.annotate({ description: "The number of older reports that were removed from the history" })
})

/**
 * Converts a delivery to its view.
 *
 * @category constructors
 * @since 0.1.0
 */
export const viewOf = (delivery: Delivery): MessageView => ({
  provider: delivery.provider,
  messageId: delivery.messageId,
  status: delivery.status,
  since: delivery.since,
  terminal: delivery.isTerminal,
  contradictions: delivery.contradictions,
  history: delivery.history.map(({ idempotencyKey: _, ...entry }) => entry),
  dropped: delivery.dropped,
  ...compact({
    recipient: delivery.recipient,
    errorCode: delivery.errorCode,
    errorMessage: delivery.errorMessage,
    cost: delivery.cost
  })
})
