/**
 * @title Delivery tracking
 *
 * One handler receives the delivery reports of all carriers in one vocabulary,
 * and a repeated report only once.
 */
import { NodeCrypto } from "@effect/platform-node"
import { Console, Effect, Layer } from "effect"
import { RoomKit, Sinch, Twilio } from "effect-sms"

const onStatus = RoomKit.layerOnDeliveryStatus((status) => {
  const reason = status.errorCode === undefined ? "" : `, carrier code ${status.errorCode}`
  const kind = status.isTerminal ? "terminal" : "not terminal"
  return Console.log(`${status.provider}: ${status.messageId} is ${status.status} (${kind}${reason})`)
})

const Kit = onStatus.pipe(Layer.provideMerge(RoomKit.layer()), Layer.provide(NodeCrypto.layer))

const twilio = (MessageStatus: string, ErrorCode = "") =>
  Twilio.extractTwilioMeta({ MessageSid: "SM1", MessageStatus, ErrorCode, To: "+15145550142", From: "+15145550100" })

const sinch = Sinch.extractSinchMeta({
  type: "delivery_report_sms",
  batch_id: "01FC66621VHDBN119Z8PMV1QPQ",
  statuses: [{ code: 0, status: "Delivered", count: 2, recipients: ["15145550142", "15145550143"] }]
})

const program = Effect.gen(function*() {
  const kit = yield* RoomKit.RoomKit
  for (const webhook of [twilio("sent"), twilio("undelivered", "30003"), twilio("sent"), sinch]) {
    const meta = yield* webhook
    if (!meta.isStatus) continue
    yield* Effect.forEach(meta.toStatuses(), kit.processDeliveryStatus)
  }
})

await Effect.runPromise(program.pipe(Effect.provide(Kit)))

/* Prints:
twilio: SM1 is sent (not terminal)
twilio: SM1 is undelivered (terminal, carrier code 30003)
sinch: 01FC66621VHDBN119Z8PMV1QPQ is delivered (terminal)
sinch: 01FC66621VHDBN119Z8PMV1QPQ is delivered (terminal)
*/
