/** Values as JSON text in a column. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { jsonRemembered } from "../../src/sql/internal/json.ts"
import { UnreadableRow } from "../../src/StorageError.ts"

const Text = Schema.Struct({ text: Schema.String })

describe("values that a column remembers", () => {
  it.effect("are decoded once, after they were written or read", () =>
    Effect.gen(function*() {
      const { decode, encode } = jsonRemembered("texts", Text)
      const written = { text: "written" }
      assert.strictEqual(yield* decode(yield* encode(written)), written)
      const read = yield* decode("{\"text\":\"read\"}")
      assert.deepStrictEqual(read, { text: "read" })
      assert.strictEqual(yield* decode("{\"text\":\"read\"}"), read)
    }))

  it.effect("are forgotten with the first reading where they are read once", () =>
    Effect.gen(function*() {
      const { decode, encode } = jsonRemembered("texts", Text, { isReadOnce: true })
      const written = { text: "written" }
      const text = yield* encode(written)
      assert.strictEqual(yield* decode(text), written)
      const again = yield* decode(text)
      assert.notStrictEqual(again, written)
      assert.deepStrictEqual(again, written)
    }))

  it.effect("are a bounded number, the latest", () =>
    Effect.gen(function*() {
      const { decode, encode } = jsonRemembered("texts", Text)
      const values = Array.from({ length: 1001 }, (_, index) => ({ text: String(index) }))
      const texts = yield* Effect.forEach(values, encode)
      assert.strictEqual(yield* decode(texts[1]!), values[1])
      assert.notStrictEqual(yield* decode(texts[0]!), values[0])
    }))

  it.effect("are not those of another text, or of one that does not decode", () =>
    Effect.gen(function*() {
      const { decode, encode } = jsonRemembered("texts", Text)
      yield* encode({ text: "written" })
      // The row was changed since.
      assert.deepStrictEqual(yield* decode("{\"text\":\"masked\"}"), { text: "masked" })
      for (let time = 0; time < 2; time++) {
        assert.instanceOf(yield* Effect.flip(decode("{\"text\":1}")), UnreadableRow)
      }
    }))
})
