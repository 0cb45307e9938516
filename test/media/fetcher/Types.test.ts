import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import * as TypeRules from "../../../src/media/internal/typeRules.ts"
import { defaultTypes } from "../../../src/media/MediaFetcher.ts"
import { allowed, refused } from "./files.ts"
import { fetchAll, fetcherOf, jpeg, reasonOf, serve } from "./hosts.ts"

const types = new Set(defaultTypes)
const check = (bytes: Uint8Array, ...declared: ReadonlyArray<string>) =>
  TypeRules.check(bytes, { declared, isAllowed: (type) => types.has(type) })

describe("the type of a file", () => {
  it.effect.each(Object.entries(allowed))("is told from its bytes: %s", ([type, bytes]) =>
    Effect.gen(function*() {
      for (const declared of [[], [type], ["application/octet-stream"], ["binary/octet-stream", ""], ["text/plain"]]) {
        assert.strictEqual(yield* check(bytes, ...declared), type)
      }
    }))

  it.effect.each(Object.entries(refused))("is refused, whatever was said: %s", ([, bytes]) =>
    Effect.gen(function*() {
      for (const declared of [[], ["image/jpeg"], ["text/vcard", "application/pdf"], ["text/html"]]) {
        assert.strictEqual((yield* Effect.flip(check(bytes, ...declared)))._tag, "TypeNotAllowed")
      }
    }))

  it.effect.each(
    [
      ["image/jpeg", "image/jpg", "image/jpeg"],
      ["image/jpeg", "IMAGE/JPEG; charset=binary", "image/jpeg"],
      ["image/jpeg", "image/png", "image/jpeg"],
      ["image/png", "image/x-png", "image/png"],
      ["video/3gpp", "audio/3gpp", "audio/3gpp"],
      ["video/3gpp", "video/mp4", "video/3gpp"],
      ["video/mp4", "audio/mp4", "audio/mp4"],
      ["video/mp4", "audio/mpeg", "video/mp4"],
      ["audio/mpeg", "audio/mp3", "audio/mpeg"],
      ["audio/amr", "audio/AMR", "audio/amr"],
      ["text/vcard", "text/x-vcard", "text/vcard"],
      ["text/vcard", "text/directory; profile=vCard", "text/vcard"]
    ] as const
  )("%s that was declared as %s is accepted, as %s", ([bytes, declared, expected]) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* check(allowed[bytes], declared), expected)
    }))

  it.effect.each(
    [
      ["application/pdf", "image/jpeg"],
      ["image/jpeg", "application/pdf"],
      ["image/jpeg", "text/html"],
      ["text/vcard", "image/jpeg"],
      ["image/jpeg", "text/vcard"],
      ["video/mp4", "image/jpeg"],
      ["image/gif", "application/javascript"],
      ["audio/mpeg", "application/zip"]
    ] as const
  )("%s that was declared as %s is refused", ([bytes, declared]) =>
    Effect.gen(function*() {
      const reason = yield* Effect.flip(check(allowed[bytes], declared))
      assert.deepInclude(reason, { _tag: "TypeNotAllowed", detected: bytes, declared })
    }))

  it.effect("is refused if either the carrier or the host names another family", () =>
    Effect.gen(function*() {
      for (const declared of [["image/jpeg", "text/html"], ["application/pdf", "image/jpeg"]]) {
        assert.strictEqual((yield* Effect.flip(check(jpeg(), ...declared)))._tag, "TypeNotAllowed")
      }
    }))

  it.effect("is not named in an error by what is no name of a type", () =>
    Effect.gen(function*() {
      for (const said of ["my secret", `image/${"a".repeat(1000)}`, "<script>/1", "text/html, image/png", ""]) {
        const reason = yield* Effect.flip(check(refused.HTML, said))
        assert.isUndefined(reason.declared)
      }
    }))

  it.effect("is refused if it is not on the list", () =>
    Effect.gen(function*() {
      const bytes = allowed["image/png"]
      const reason = yield* Effect.flip(
        TypeRules.check(bytes, { declared: [], isAllowed: (type) => type === "image/jpeg" })
      )
      assert.strictEqual(reason.detected, "image/png")
    }))

  it.effect("may be a card with a byte order mark, or in small letters", () =>
    Effect.gen(function*() {
      for (const card of ["\ufeffBEGIN:VCARD\r\nVERSION:3.0\r\n", "begin:vcard\nversion:2.1\n"]) {
        assert.strictEqual(yield* check(Buffer.from(card)), "text/vcard")
      }
    }))

  it.effect.prop(
    "is one of the list or an error for all bytes",
    [Arbitrary.schema(Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }))))],
    ([octets]) =>
      Effect.gen(function*() {
        const starts = [Buffer.alloc(0), ...Object.values(allowed).map((bytes) => bytes.subarray(0, 24))]
        for (const start of starts) {
          const outcome = yield* Effect.result(check(Buffer.concat([start, Buffer.from(octets)])))
          if (outcome._tag === "Success") assert.isTrue(types.has(outcome.success))
        }
      }),
    { arbitrary: { runs: 200 } }
  )
})

describe("a host", () => {
  it.effect("cannot pass a page off as a picture", () =>
    Effect.gen(function*() {
      const host = yield* serve((request, response) => {
        const bytes = request.url === "/svg" ? refused.SVG : refused.HTML
        response.writeHead(200, { "content-type": "image/jpeg" }).end(bytes)
      })
      const fetcher = yield* fetcherOf([host])
      for (const path of ["/html", "/svg"]) {
        const reason = yield* reasonOf(fetcher, host.url + path, "image/jpeg")
        assert.deepInclude(reason, { _tag: "TypeNotAllowed", declared: "image/jpeg" })
      }
    }))

  it.effect("may say another type than the carrier, nothing, or nonsense", () =>
    Effect.gen(function*() {
      const host = yield* serve((request, response) => {
        const type = decodeURIComponent(request.url?.slice(1) ?? "")
        response.writeHead(200, type === "" ? {} : { "content-type": type }).end(jpeg())
      })
      const fetcher = yield* fetcherOf([host])
      for (const type of ["", "image/png", "application/octet-stream", ";;;", "image"]) {
        const { contentType } = yield* fetchAll(fetcher, `${host.url}/${encodeURIComponent(type)}`, "image/jpg")
        assert.strictEqual(contentType, "image/jpeg", type)
      }
      const reason = yield* reasonOf(fetcher, `${host.url}/text%2Fhtml`, "image/jpg")
      assert.deepInclude(reason, { _tag: "TypeNotAllowed", detected: "image/jpeg", declared: "text/html" })
    }))

  it.effect("may be allowed to send more types, or fewer", () =>
    Effect.gen(function*() {
      const host = yield* serve((_, response) => response.end(refused["a zip"]))
      const other = yield* serve((_, response) => response.end(jpeg()))
      const fetcher = yield* fetcherOf([host, other], { allowedTypes: ["application/zip"] })
      assert.strictEqual((yield* fetchAll(fetcher, host.url)).contentType, "application/zip")
      assert.strictEqual((yield* reasonOf(fetcher, other.url))._tag, "TypeNotAllowed")
    }))
})
