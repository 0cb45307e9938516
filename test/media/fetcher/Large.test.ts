import { assert, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { fetcherOf, jpeg, serve } from "./hosts.ts"

setFlagsFromString("--expose-gc")
const collectGarbage: () => void = runInNewContext("gc")

/** What is held, and not what waits to be collected. */
const heldBytes = () => {
  collectGarbage()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return arrayBuffers + heapUsed
}

// A file of 1 GB looks the same, and takes four times as long.
const size = 256 * 1024 * 1024

it.live("a large file passes through, and at most a piece of it is held at a time", () =>
  Effect.gen(function*() {
    const piece = jpeg(64 * 1024)
    const host = yield* serve((_, response) => {
      let left = size
      const more = () => {
        while (left > 0) {
          left -= piece.length
          if (!response.write(piece)) return
        }
        response.end()
      }
      response.writeHead(200, { "content-length": size }).on("drain", more)
      more()
    })
    const fetcher = yield* fetcherOf([host], { maxBytes: 2 * size })
    const media = yield* fetcher.fetch(host.url)
    const before = heldBytes()
    let received = 0
    let measured = 0
    let most = 0
    yield* Stream.runForEach(media.stream, (chunk) =>
      Effect.sync(() => {
        received += chunk.length
        if (received - measured < size / 8) return
        measured = received
        most = Math.max(most, heldBytes() - before)
      }))
    assert.strictEqual(received, size)
    assert.isAtLeast(measured, size / 2)
    assert.isBelow(most, 50_000_000)
  }).pipe(Effect.scoped), 60_000)
