import { NodeCrypto } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { layerMemory, MediaStore } from "../../../src/media/MediaStore.ts"
import { suite } from "../../suites/MediaStoreSuite.ts"

suite({
  name: "memory",
  precision: 0,
  place: Effect.succeed({
    layer: (options) =>
      layerMemory({ ...options, baseUrl: "https://sms.example.com/media" }).pipe(Layer.provide(NodeCrypto.layer))
  })
})

it.effect("the memory store keeps no more bytes than its bound: the oldest file goes, and a larger one is refused", () =>
  Effect.gen(function*() {
    const store = yield* MediaStore
    const put = (fill: number, size: number) =>
      store.put({ contentType: "image/png", stream: Stream.make(new Uint8Array(size).fill(fill)) })
    const isStored = ({ url }: { readonly url: string }) => Effect.isSuccess(store.get(url.split("/").at(-1)!))
    const [one, two] = [yield* put(1, 4000), yield* put(2, 4000)]
    // Stored again, it is the newest.
    yield* put(1, 4000)
    const three = yield* put(3, 4000)
    assert.deepStrictEqual(yield* Effect.forEach([one, two, three], isStored), [true, false, true])
    const { reason } = yield* Effect.flip(put(4, 10_001))
    assert.strictEqual(reason._tag, "StoreFailed")
    assert.deepStrictEqual(yield* Effect.forEach([one, two, three], isStored), [true, false, true])
  }).pipe(
    Effect.provide(
      Layer.provide(layerMemory({ baseUrl: "https://sms.example.com/media", maxBytes: 10_000 }), NodeCrypto.layer)
    )
  ))
