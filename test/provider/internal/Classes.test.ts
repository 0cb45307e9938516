/** Messages are built field by field, so that a field which a message gets must be added there too. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Equal } from "effect"
import { InboundMessage } from "../../../src/Message.ts"
import { classes } from "../../../src/provider/internal/classes.ts"

const names = Object.keys(InboundMessage.fields)
const fields = { ...Object.fromEntries(names.map((name) => [name, name])), _tag: "InboundMessage" }

describe("a time that a decoder builds", () => {
  it("is one of Effect's", () => {
    for (const millis of [0, 1_717_660_357_386, -1]) {
      const time = classes.time(millis) as unknown as DateTime.Utc
      assert.isTrue(DateTime.isUtc(time))
      assert.deepStrictEqual(time, DateTime.makeUnsafe(millis))
      assert.isTrue(Equal.equals(time, DateTime.makeUnsafe(millis)))
      assert.deepStrictEqual(DateTime.toParts(time), DateTime.toParts(DateTime.makeUnsafe(millis)))
      assert.strictEqual(JSON.stringify(time), JSON.stringify(DateTime.makeUnsafe(millis)))
    }
  })
})

describe("a message that a decoder builds", () => {
  it("has every field that a message can have, and is one", () => {
    const message = classes.of(fields)
    assert.instanceOf(message, InboundMessage)
    assert.deepStrictEqual({ ...message }, fields)
  })

  it("has no field that it was not given", () => {
    const { content, metadata, provider, raw, recipient, sender, ...others } = fields as Record<string, string>
    const required = { _tag: "InboundMessage", channelId: "1", content, metadata, provider, raw, recipient, sender }
    const message = classes.of(required)
    assert.deepStrictEqual({ ...message }, required)
    assert.isAbove(Object.keys(others).length, 5)
  })
})
