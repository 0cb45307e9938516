/**
 * @title Split MMS
 *
 * VoiceMeUp sends an MMS as several webhooks. The kit makes one message of
 * them, in whatever order they come, and delivers the text alone when the
 * picture does not come in time.
 */
import { NodeCrypto } from "@effect/platform-node"
import { Console, Effect, Layer } from "effect"
import { Channel, Content, MmsAggregator, RoomKit, VoiceMeUp } from "effect-sms"

/** The kit uses the aggregator that is provided below it. Without one it makes this one, with a timeout of 5 seconds. */
const Kit = RoomKit.layer().pipe(
  Layer.provide(MmsAggregator.layerMemory({ timeout: "200 millis" })),
  Layer.provide(NodeCrypto.layer)
)

const webhook = (time: string, sms_hash: string, fields: Record<string, string>) => ({
  source_number: "14188050723",
  destination_number: "14184805945",
  datetime_transmission: `2026-01-28 ${time}`,
  sms_hash,
  message: "",
  ...fields
})

const wrapper = (time: string, hash: string, message: string) =>
  webhook(time, hash, { message, attachment: `https://clients.voicemeup.com/file/${hash}.mms.html` })

const picture = (time: string, hash: string) =>
  webhook(time, hash, {
    attachment: `https://clients.voicemeup.com/file/${hash}.mms.jpg`,
    attachment_mime_type: "image/jpeg"
  })

const program = Effect.gen(function*() {
  const kit = yield* RoomKit.RoomKit
  yield* kit.registerChannel(Channel.make({
    id: "console",
    type: "web",
    everyRoom: true,
    deliver: ({ content }) =>
      Console.log(`  heard "${Content.text(content)}" with ${Content.media(content).length} file(s)`)
  }))
  const receive = Effect.fnUntraced(function*(payload: Record<string, string>) {
    const meta = yield* VoiceMeUp.extractVoiceMeUpMeta(payload)
    for (const { _tag } of yield* kit.processEvents(meta.events)) yield* Console.log(`${payload["sms_hash"]}: ${_tag}`)
  })

  yield* receive(wrapper("13:00:14", "c3efc8a3", "Look at this photo!"))
  yield* receive(picture("13:00:14", "249fad7f"))
  yield* receive(picture("13:00:14", "249fad7f"))
  yield* receive(wrapper("13:05:40", "5be1d2f0", "And this one?"))
  yield* Effect.sleep("400 millis")
  yield* receive(picture("13:05:40", "77aa01c2"))
})

await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(Kit)))

/* Prints:
c3efc8a3: Buffered
  heard "Look at this photo!" with 1 file(s)
249fad7f: Broadcast
249fad7f: Ignored
5be1d2f0: Buffered
  heard "And this one?" with 0 file(s)
  heard "" with 1 file(s)
77aa01c2: Broadcast
*/
