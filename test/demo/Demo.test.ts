import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as Content from "../../src/Content.ts"
import * as Demo from "../../src/demo/Demo.ts"
import * as NodeCrypto from "../../src/NodeCrypto.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import { message } from "../rooms/kit.ts"

describe("the assistant of the demonstration", () => {
  it.effect("answers the questions of people, asks for one, and leaves keywords to the server", () =>
    Effect.gen(function*() {
      const kit = yield* RoomKit.RoomKit
      yield* kit.processInbound(message("It should look like this"))
      yield* kit.processInbound(message("Stop."))
      yield* kit.processInbound(message("Is my order on its way?"))
      const [room] = yield* kit.rooms
      const content = new Content.TextContent({ text: "Would you like a receipt?" })
      yield* kit.post(room!.id, { channelId: "api", channelType: "other", content })
      const said = (yield* kit.events(room!.id)).map(({ content, source: { channelId } }) => [
        channelId === "assistant",
        Content.text(content)
      ])
      assert.deepStrictEqual(said, [
        [false, "It should look like this"],
        [true, "Hello! Ask me a question, and I answer."],
        [false, "Stop."],
        [false, "Is my order on its way?"],
        [true, "Yes. We are here for you until 6 pm."],
        [false, "Would you like a receipt?"]
      ])
    }).pipe(
      Effect.provide(Demo.layerAssistant.pipe(Layer.provideMerge(RoomKit.layer()), Layer.provide(NodeCrypto.layer)))
    ))
})
