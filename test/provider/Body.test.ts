import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import * as fc from "fast-check"
import { isPayload } from "../../src/Payload.ts"
import * as Payload from "../../src/provider/Body.ts"

const bytes = (text: string) => new TextEncoder().encode(text)

const reasonOf = <A, E extends { readonly message: string }>(effect: Effect.Effect<A, E>) =>
  Effect.map(Effect.flip(effect), ({ message }) => message)

describe("form", () => {
  it.effect("keeps empty values, repeated fields in order, and fields of one name in different case", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Payload.parseForm(bytes("a=1&b=&c&a=2&A=3&a=")), {
        a: ["1", "2", ""],
        b: "",
        c: "",
        A: "3"
      })
      assert.deepStrictEqual(yield* Payload.parseForm(bytes("")), {})
    }))

  it.effect("decodes + and percent escapes in names and values, and leaves broken escapes alone", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Payload.parseForm(bytes("a+b%3D=1+1%2B1&c=%E2%82%AC&d=100%&e=%zz&f=a=b")), {
        "a b=": "1 1+1",
        c: "€",
        d: "100%",
        e: "%zz",
        f: "a=b"
      })
    }))

  it.effect("drops no character: neither a question mark in front nor a byte order mark", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Payload.parseForm(bytes("?a=1")), { "?a": "1" })
      assert.deepStrictEqual(yield* Payload.parseForm(bytes("\uFEFFa=1")), { "\uFEFFa": "1" })
    }))

  it.effect("takes __proto__ and constructor for plain fields", () =>
    Effect.gen(function*() {
      const form = yield* Payload.parseForm(bytes("__proto__=x&constructor=y&__proto__=z&toString="))
      assert.deepStrictEqual(Object.keys(form), ["__proto__", "constructor", "toString"])
      assert.deepStrictEqual(Object.getOwnPropertyDescriptor(form, "__proto__")?.value, ["x", "z"])
      assert.strictEqual(Object.getPrototypeOf(form), Object.prototype)
      assert.isUndefined(({} as Record<string, unknown>)["x"])
    }))

  it.effect("refuses bytes that are not UTF-8, and reads the next body all the same", () =>
    Effect.gen(function*() {
      for (const invalid of [[0x61, 0xff], [0xe2, 0x82], [0xc0, 0x80], [0xed, 0xa0, 0x80]]) {
        assert.strictEqual(yield* reasonOf(Payload.parseForm(Uint8Array.from(invalid))), "Expected UTF-8")
        assert.deepStrictEqual(yield* Payload.parseForm(bytes("a=é")), { a: "é" })
      }
    }))

  it("reads what URLSearchParams writes", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }))), (pairs) => {
        const form = Payload.formFromText(`${new URLSearchParams(pairs)}`)
        const expected = Map.groupBy(pairs, ([name]) => name)
        assert.deepStrictEqual(new Set(Object.keys(form)), new Set(expected.keys()))
        for (const [name, values] of expected) {
          assert.deepStrictEqual([form[name]].flat(), values.map(([, value]) => value))
        }
      })
    )
  })

  it("reads any text as URLSearchParams does", () => {
    const piece = fc.constantFrom(
      ..."ab0?#&&==++%%2Ff",
      "%26",
      "%3d",
      "%00",
      "%c3%a9",
      "%C3",
      "%ff",
      "%EF%BB%BF",
      "é",
      "\ud800"
    )
    fc.assert(
      fc.property(fc.array(piece).map((pieces) => pieces.join("")), (text) => {
        const expected = Map.groupBy(new URLSearchParams(text), ([name]) => name)
        assert.deepStrictEqual(
          Payload.formFromText(text),
          Object.fromEntries(
            [...expected].map(([name, [[, first] = ["", ""], ...others]]) => [
              name,
              others.length === 0 ? first : [first, ...others.map(([, value]) => value)]
            ])
          )
        )
      }),
      { numRuns: 1000 }
    )
  })

  it("needs time in proportion to the number of fields", () => {
    // Quadratic work would take minutes here.
    const count = 200_000
    const distinct = Payload.formFromText(Array.from({ length: count }, (_, i) => `f${i}=${i}`).join("&"))
    assert.strictEqual(Object.keys(distinct).length, count)
    assert.strictEqual(Payload.formFromText("a=1&".repeat(count))["a"]?.length, count)
  }, 20_000)
})

describe("JSON", () => {
  it.effect("reads an object", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Payload.parseJson(bytes(" {\"a\":[1,null,\"é\"]} ")), { a: [1, null, "é"] })
    }))

  it.effect("refuses any other value, and says so without repeating it", () =>
    Effect.gen(function*() {
      for (const text of ["[]", "null", "\"secret\"", "1", "true"]) {
        assert.strictEqual(yield* reasonOf(Payload.parseJson(bytes(text))), "Expected a JSON object")
      }
      for (const text of ["", "{", "{\"a\":secret}", "{'a':1}", "a=secret", "{}{}", "\u0000"]) {
        assert.strictEqual(yield* reasonOf(Payload.parseJson(bytes(text))), "Expected JSON")
      }
      assert.strictEqual(yield* reasonOf(Payload.parseJson(Uint8Array.of(0x7b, 0xff, 0x7d))), "Expected UTF-8")
    }))

  it.effect("takes __proto__ and constructor for plain members", () =>
    Effect.gen(function*() {
      const payload = yield* Payload.parseJson(bytes("{\"__proto__\":{\"polluted\":true},\"constructor\":1}"))
      assert.deepStrictEqual(Object.keys(payload), ["__proto__", "constructor"])
      assert.isUndefined(payload["polluted"])
      assert.strictEqual(Object.getPrototypeOf(payload), Object.prototype)
    }))

  it.effect("survives a hundred thousand nested arrays or objects", () =>
    Effect.gen(function*() {
      const depth = 100_000
      for (const [open, close] of [["[", "]"], ["{\"a\":", "}"]] as const) {
        const closed = `{"a":${open.repeat(depth)}1${close.repeat(depth)}}`
        assert.isTrue(isPayload(yield* Payload.parseJson(bytes(closed))))
        const unclosed = `{"a":${open.repeat(depth)}`
        assert.strictEqual(yield* reasonOf(Payload.parseJson(bytes(unclosed))), "Expected JSON")
      }
    }))

  it("answers any bytes", () => {
    fc.assert(fc.property(fc.uint8Array(), (body) => {
      for (const parse of [Payload.parseJson, Payload.parseForm]) {
        const exit = Effect.runSyncExit(Effect.result(parse(body)))
        assert.isTrue(Exit.isSuccess(exit))
      }
    }))
  })
})
