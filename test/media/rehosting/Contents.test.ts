import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import * as Content from "../../../src/Content.ts"
import * as MediaRehosting from "../../../src/media/MediaRehosting.ts"
import { carrierUrl, elsewhere, file, services, settle, storedUrl, text } from "./services.ts"

describe("a file on a carrier's host", () => {
  it.effect("gets the URL of the store and the type of its bytes, and keeps its caption", () => {
    const { declared, layer, state } = services()
    return Effect.gen(function*() {
      const content = file("a", { caption: "Look", mimeType: "image/jpeg" })
      assert.deepStrictEqual(
        yield* MediaRehosting.rehost(content),
        new Content.MediaContent({ url: storedUrl("a"), mimeType: "image/png", caption: "Look" })
      )
      // The original is as it was, what the carrier said was passed on, and the connection is closed.
      assert.deepStrictEqual(content, file("a", { caption: "Look", mimeType: "image/jpeg" }))
      assert.strictEqual(declared.get("a"), "image/jpeg")
      assert.deepStrictEqual(state, { open: 0, mostOpen: 1, closed: 1 })
    }).pipe(Effect.provide(layer))
  })

  it.effect("gets a type where the carrier gave none", () => {
    const { declared, layer } = services()
    return Effect.gen(function*() {
      const content = yield* MediaRehosting.rehost(file("a"))
      assert.deepStrictEqual(content, new Content.MediaContent({ url: storedUrl("a"), mimeType: "image/png" }))
      assert.isTrue(declared.has("a"))
      assert.isUndefined(declared.get("a"))
    }).pipe(Effect.provide(layer))
  })

  it.effect("loses the mark of an earlier failure", () => {
    const { layer } = services()
    return Effect.gen(function*() {
      const marked = new Content.MediaContent({
        url: carrierUrl("a"),
        unavailable: "The host responded with status 503"
      })
      const content = yield* MediaRehosting.rehost(marked)
      assert.deepStrictEqual(content, new Content.MediaContent({ url: storedUrl("a"), mimeType: "image/png" }))
    }).pipe(Effect.provide(layer))
  })
})

describe("a content of several parts", () => {
  it.effect("keeps its texts and its order, and files on other hosts as they are", () => {
    const { attempts, layer } = services()
    return Effect.gen(function*() {
      const parts = [text("One "), file("b"), text(""), elsewhere("c"), file("a", { caption: "A" })] as const
      const content = yield* MediaRehosting.rehost(new Content.CompositeContent({ parts }))
      assert.deepStrictEqual(
        content,
        new Content.CompositeContent({
          parts: [
            text("One "),
            new Content.MediaContent({ url: storedUrl("b"), mimeType: "image/png" }),
            text(""),
            elsewhere("c"),
            new Content.MediaContent({ url: storedUrl("a"), mimeType: "image/png", caption: "A" })
          ]
        })
      )
      assert.deepStrictEqual([...attempts.keys()], ["b", "a"])
    }).pipe(Effect.provide(layer))
  })

  for (const [name, options, most] of [["four", {}, 4], ["as many as asked", { concurrency: 2 }, 2]] as const) {
    it.effect(`has ${name} of its files fetched at once, whichever is done first`, () =>
      Effect.gen(function*() {
        const names = Array.from({ length: 10 }, (_, index) => `f${index}`)
        const gates = new Map<string, Deferred.Deferred<void>>()
        for (const name of names) gates.set(name, yield* Deferred.make<void>())
        const { attempts, layer, state } = services((name) => Deferred.await(gates.get(name)!))
        const [first, ...rest] = names
        const content = new Content.CompositeContent({ parts: [file(first!), ...rest.map((name) => file(name))] })
        const fiber = yield* Effect.forkChild(Effect.provide(MediaRehosting.rehost(content, options), layer))
        const seen: Array<number> = []
        while (attempts.size < names.length || state.open > 0) {
          yield* settle
          seen.push(state.open)
          // The one that began last is done first.
          const last = [...attempts.keys()].findLast((name) => gates.has(name))!
          yield* Deferred.succeed(gates.get(last)!, undefined)
          gates.delete(last)
          yield* settle
        }
        const done = yield* Fiber.join(fiber)
        assert.deepStrictEqual(Content.media(done).map(({ url }) => url), names.map(storedUrl))
        assert.strictEqual(state.mostOpen, most)
        assert.deepStrictEqual(seen.slice(0, 10 - most + 1), Array.from({ length: 10 - most + 1 }, () => most))
      }))
  }
})

describe("a content without a file on a carrier's host", () => {
  it.effect("stays the same object, and nothing is fetched", () => {
    const { attempts, layer } = services(() => Effect.die("fetched"))
    return Effect.gen(function*() {
      const contents: ReadonlyArray<Content.Content> = [
        text("Hello"),
        elsewhere("a"),
        new Content.CompositeContent({ parts: [text("Hello"), elsewhere("a"), elsewhere("b")] }),
        new Content.MediaContent({ url: "not a URL" })
      ]
      const rehost = yield* MediaRehosting.make()
      for (const content of contents) {
        assert.strictEqual(yield* rehost(content), content)
        assert.strictEqual(yield* MediaRehosting.rehost(content, { onFailure: "block" }), content)
      }
      assert.strictEqual(attempts.size, 0)
    }).pipe(Effect.provide(layer))
  })
})
