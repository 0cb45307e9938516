import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { gzipSync } from "node:zlib"
import { bytesOf, closed, fetchAll, fetcherOf, jpeg, reasonOf, serve, serveRaw, tagOf } from "./hosts.ts"

const head = (...headers: ReadonlyArray<string>) => ["HTTP/1.1 200 OK", ...headers, "", ""].join("\r\n")

const bomb = gzipSync(Buffer.alloc(20_000_000))

describe("a body", () => {
  it.effect("arrives as it was sent, with its length if the host said it", () =>
    Effect.gen(function*() {
      const file = jpeg(1_000_000)
      const host = yield* serve((request, response) => {
        if (request.url === "/length") response.setHeader("content-length", file.length)
        response.end(file)
      })
      const fetcher = yield* fetcherOf([host])
      const media = yield* fetchAll(fetcher, `${host.url}/length`)
      assert.isTrue(media.bytes.equals(file))
      assert.strictEqual(media.size, file.length)
    }))

  it.effect("may come in chunks, without a length, in the smallest pieces", () =>
    Effect.gen(function*() {
      const file = jpeg(5000)
      const host = yield* serve((_, response) => {
        response.flushHeaders()
        for (const byte of file) response.write(Buffer.of(byte))
        response.end()
      })
      const fetcher = yield* fetcherOf([host])
      const media = yield* fetchAll(fetcher, host.url)
      assert.isTrue(media.bytes.equals(file))
      assert.isUndefined(media.size)
    }))

  it.effect("may end with the connection, as in HTTP/1.0", () =>
    Effect.gen(function*() {
      const host = yield* serveRaw((socket) => socket.end(Buffer.concat([Buffer.from(head()), jpeg()])))
      const fetcher = yield* fetcherOf([host])
      assert.isTrue((yield* fetchAll(fetcher, host.url)).bytes.equals(jpeg()))
    }))

  it.effect("that is announced as too large is refused before it is read", () =>
    Effect.gen(function*() {
      const host = yield* serve((_, response) => {
        response.writeHead(200, { "content-length": 10 * 1024 * 1024 + 1 }).write(jpeg())
      })
      const fetcher = yield* fetcherOf([host])
      assert.deepInclude(yield* reasonOf(fetcher, host.url), { _tag: "TooLarge", limit: 10 * 1024 * 1024 })
      yield* closed(host)
    }))

  it.effect("may be exactly as large as the limit", () =>
    Effect.gen(function*() {
      const host = yield* serve((request, response) => response.end(jpeg(Number(request.url?.slice(1)))))
      const fetcher = yield* fetcherOf([host], { maxBytes: 10_000 })
      assert.lengthOf((yield* fetchAll(fetcher, `${host.url}/10000`)).bytes, 10_000)
      assert.strictEqual(yield* tagOf(fetcher, `${host.url}/10001`), "TooLarge")
    }))

  it.effect("without an end is cut off at the limit, and the connection with it", () =>
    Effect.gen(function*() {
      const piece = jpeg(64 * 1024)
      const host = yield* serve((_, response) => {
        const more = () => {
          while (response.write(piece));
        }
        response.on("drain", more)
        more()
      })
      const fetcher = yield* fetcherOf([host], { maxBytes: 1_000_000 })
      const media = yield* fetcher.fetch(host.url)
      let received = 0
      const counted = Stream.tap(media.stream, (chunk) => Effect.sync(() => received += chunk.length))
      const { reason } = yield* Effect.flip(Stream.runDrain(counted))
      assert.strictEqual(reason._tag, "TooLarge")
      assert.isAtMost(received, 1_000_000)
      // The scope of the fetch is still open.
      yield* closed(host)
    }))

  it.effect("that is empty is refused", () =>
    Effect.gen(function*() {
      const host = yield* serve((request, response) =>
        request.url === "/length" ? response.writeHead(200, { "content-length": 0 }).end() : response.end()
      )
      const fetcher = yield* fetcherOf([host])
      for (const path of ["/length", "/none"]) {
        assert.strictEqual(yield* tagOf(fetcher, host.url + path), "InvalidBody")
      }
    }))

  it.effect.each(["gzip", "br", "deflate", "x-gzip", "identity, gzip", "zstd"])(
    "that is compressed (%s) is refused, although a bomb would fit",
    (encoding) =>
      Effect.gen(function*() {
        const host = yield* serve((_, response) => response.writeHead(200, { "content-encoding": encoding }).end(bomb))
        const fetcher = yield* fetcherOf([host])
        assert.strictEqual(yield* tagOf(fetcher, host.url), "InvalidBody")
      })
  )

  it.effect("that is compressed and does not say so is not opened", () =>
    Effect.gen(function*() {
      const host = yield* serve((_, response) => response.writeHead(200, { "content-type": "image/jpeg" }).end(bomb))
      const fetcher = yield* fetcherOf([host])
      assert.deepInclude(yield* reasonOf(fetcher, host.url), { _tag: "TypeNotAllowed", detected: "application/gzip" })
    }))

  it.effect("that says it is not compressed is accepted", () =>
    Effect.gen(function*() {
      const host = yield* serve((_, response) =>
        response.writeHead(200, { "content-encoding": "identity" }).end(jpeg())
      )
      const fetcher = yield* fetcherOf([host])
      assert.lengthOf((yield* fetchAll(fetcher, host.url)).bytes, 6000)
    }))

  it.effect.each(
    [
      ["shorter than announced, within the first bytes", [head("content-length: 9000"), jpeg(100)]],
      ["shorter than announced", [head("content-length: 90000"), jpeg(50_000)]],
      ["without its last chunk", [head("transfer-encoding: chunked"), "1770\r\n", jpeg(6000), "\r\n"]],
      ["with a chunk that ends early", [head("transfer-encoding: chunked"), "2000\r\n", jpeg(6000)]],
      ["with a chunk of no length", [head("transfer-encoding: chunked"), "1770\r\n", jpeg(6000), "\r\nzz\r\n"]],
      ["of two lengths", [head("content-length: 6000", "content-length: 6001"), jpeg()]],
      ["of a list of lengths", [head("content-length: 6000, 6001"), jpeg()]],
      ["of a negative length", [head("content-length: -1"), jpeg()]],
      ["of a length that is no number", [head("content-length: many"), jpeg()]],
      ["of a length, and in chunks", [head("content-length: 6000", "transfer-encoding: chunked"), jpeg()]],
      ["of something that is no HTTP", ["SSH-2.0-OpenSSH_9.2\r\n"]]
    ] as const
  )("is refused: %s", ([, parts]) =>
    Effect.gen(function*() {
      const host = yield* serveRaw((socket) => socket.end(Buffer.concat(parts.map((part) => Buffer.from(part)))))
      const fetcher = yield* fetcherOf([host])
      assert.strictEqual(yield* tagOf(fetcher, host.url), "InvalidBody")
    }))

  it.effect("that is longer than announced ends where it was announced to end", () =>
    Effect.gen(function*() {
      const host = yield* serveRaw((socket) =>
        socket.end(Buffer.concat([Buffer.from(head("content-length: 6000")), jpeg(7000)]))
      )
      const fetcher = yield* fetcherOf([host])
      const result = yield* Effect.result(fetchAll(fetcher, host.url))
      if (result._tag === "Success") assert.lengthOf(result.success.bytes, 6000)
      else assert.strictEqual(result.failure.reason._tag, "InvalidBody")
    }))

  it.effect.each([100, 50_000])(
    "that breaks off after %d bytes is a connection that failed",
    (length) =>
      Effect.gen(function*() {
        const host = yield* serveRaw((socket) =>
          socket.write(
            Buffer.concat([Buffer.from(head("content-length: 90000")), jpeg(length)]),
            () => socket.resetAndDestroy()
          )
        )
        const fetcher = yield* fetcherOf([host])
        const reason = yield* reasonOf(fetcher, host.url)
        assert.strictEqual(reason._tag, "ConnectionFailed")
        assert.isTrue(reason.isRetryable)
      })
  )

  it.effect("can be read once", () =>
    Effect.gen(function*() {
      const host = yield* serve((_, response) => response.end(jpeg()))
      const fetcher = yield* fetcherOf([host])
      const media = yield* fetcher.fetch(host.url)
      yield* bytesOf(media)
      assert.strictEqual((yield* Effect.exit(bytesOf(media)))._tag, "Failure")
    }))

  it.effect("that nobody reads is closed with the scope", () =>
    Effect.gen(function*() {
      const host = yield* serve((_, response) => void response.writeHead(200).write(jpeg()))
      const fetcher = yield* fetcherOf([host])
      yield* Effect.scoped(fetcher.fetch(host.url))
      yield* closed(host)
    }))

  it.effect("that is refused closes its connection, though the scope stays open", () =>
    Effect.gen(function*() {
      const host = yield* serve((_, response) => void response.writeHead(200).write(Buffer.alloc(6000)))
      const fetcher = yield* fetcherOf([host])
      const { reason } = yield* Effect.flip(fetcher.fetch(host.url))
      assert.strictEqual(reason._tag, "TypeNotAllowed")
      yield* closed(host)
    }))
})

describe("a status", () => {
  it.effect.each([[404, true], [500, true], [503, true], [429, true], [408, true]] as const)(
    "of %d may be another one later",
    ([status, isRetryable]) =>
      Effect.gen(function*() {
        const host = yield* serve((_, response) => response.writeHead(status).end("sorry"))
        const fetcher = yield* fetcherOf([host])
        const error = yield* Effect.flip(fetchAll(fetcher, host.url))
        assert.deepInclude(error.reason, { _tag: "UnexpectedStatus", status })
        assert.strictEqual(error.isRetryable, isRetryable)
      })
  )

  it.effect.each([204, 206, 304, 400, 401, 403, 410])(
    "of %d is no file, now and later",
    (status) =>
      Effect.gen(function*() {
        const host = yield* serve((_, response) => response.writeHead(status).end())
        const fetcher = yield* fetcherOf([host])
        const error = yield* Effect.flip(fetchAll(fetcher, host.url))
        assert.deepInclude(error.reason, { _tag: "UnexpectedStatus", status })
        assert.isFalse(error.isRetryable)
      })
  )
})

describe("a limit of time", () => {
  it.live("ends the wait for headers that never come", () =>
    Effect.gen(function*() {
      const host = yield* serveRaw(() => {})
      const fetcher = yield* fetcherOf([host], { headersTimeout: "50 millis" })
      assert.deepInclude(yield* reasonOf(fetcher, host.url), { _tag: "TimedOut", limit: "headers" })
      yield* closed(host)
    }).pipe(Effect.scoped))

  it.live("ends headers that drip", () =>
    Effect.gen(function*() {
      const host = yield* serveRaw((socket) => {
        socket.write("HTTP/1.1 200 OK\r\nx-more: ")
        const timer = setInterval(() => socket.write("a"), 5)
        socket.on("close", () => clearInterval(timer))
      })
      const fetcher = yield* fetcherOf([host], { headersTimeout: "50 millis" })
      assert.deepInclude(yield* reasonOf(fetcher, host.url), { _tag: "TimedOut", limit: "headers" })
      yield* closed(host)
    }).pipe(Effect.scoped))

  it.live("ends a body that stops", () =>
    Effect.gen(function*() {
      for (const length of [100, 6000]) {
        const host = yield* serve((_, response) => void response.write(jpeg(length)))
        const fetcher = yield* fetcherOf([host], { idleTimeout: "50 millis" })
        assert.deepInclude(yield* reasonOf(fetcher, host.url), { _tag: "TimedOut", limit: "idle" })
        yield* closed(host)
      }
    }).pipe(Effect.scoped))

  it.live("ends a body that drips, before and after its type is known", () =>
    Effect.gen(function*() {
      for (const length of [100, 6000]) {
        const host = yield* serve((_, response) => {
          response.write(jpeg(length))
          const timer = setInterval(() => response.write("a"), 5)
          response.on("close", () => clearInterval(timer))
        })
        const fetcher = yield* fetcherOf([host], { totalTimeout: "100 millis" })
        assert.deepInclude(yield* reasonOf(fetcher, host.url), { _tag: "TimedOut", limit: "total" })
        yield* closed(host)
      }
    }).pipe(Effect.scoped))

  it.live("ends redirects that take their time", () =>
    Effect.gen(function*() {
      const host = yield* serve((_, response) =>
        void setTimeout(() => response.writeHead(302, { location: "/" }).end(), 40)
      )
      const fetcher = yield* fetcherOf([host], { totalTimeout: "100 millis", maxRedirects: 100 })
      assert.deepInclude(yield* reasonOf(fetcher, host.url), { _tag: "TimedOut", limit: "total" })
    }).pipe(Effect.scoped))
})
