/**
 * A channel: the assistant reads each message of a conversation, and answers
 * with what the model says. The answer goes to the number that wrote, from the
 * number that it wrote to.
 */
import { Effect, Layer } from "effect"
import { Channel, Content, type RoomEvent, RoomKit } from "effect-sms"
import { Model, type Turn } from "./Model.ts"

const id = "assistant"

const turnOf = ({ content, source }: RoomEvent.RoomEvent): Turn => ({
  author: source.channelId === id ? "assistant" : "person",
  text: Content.text(content)
})

export const Assistant = Layer.effectDiscard(Effect.gen(function*() {
  const kit = yield* RoomKit.RoomKit
  const model = yield* Model
  yield* kit.registerChannel(Channel.make({
    id,
    type: "ai",
    everyRoom: true,
    deliver: Effect.fnUntraced(function*({ roomId }) {
      const events = yield* kit.events(roomId)
      const text = yield* model.answer(events.filter(({ blocked }) => blocked === undefined).map(turnOf))
      if (text === undefined) return
      yield* kit.post(roomId, {
        channelId: id,
        channelType: "ai",
        content: new Content.TextContent({ text })
      })
    })
  }))
}))
