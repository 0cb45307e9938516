import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Schema } from "effect"
import * as Wire from "../../src/provider/Wire.ts"

const read = <A>(field: Schema.ConstraintDecoder<A>, payload: Record<string, unknown>) =>
  Effect.map(Wire.decoder(Schema.Struct({ field }))(payload), ({ field }) => field)

const nonsense = [undefined, null, true, {}, [], [[1]], [null], { a: 1 }, () => 1]

describe("Wire.Text", () => {
  it.effect.each([
    { value: "", text: "" },
    { value: " a ", text: " a " },
    { value: 0, text: "0" },
    { value: 14188050723, text: "14188050723" },
    { value: 12n, text: "12" },
    { value: ["first", "second"], text: "first" },
    { value: [14188050723], text: "14188050723" },
    ...nonsense.map((value) => ({ value, text: "" }))
  ])("reads $value as $text", ({ text, value }) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* read(Wire.Text, { field: value }), text)
      assert.strictEqual(yield* read(Wire.OptionalText, { field: value }), text === "" ? undefined : text)
    }))

  it.effect("reads a missing field as empty, and as absent where it is optional", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* read(Wire.Text, {}), "")
      assert.isUndefined(yield* read(Wire.OptionalText, {}))
      assert.deepStrictEqual(yield* read(Wire.List, {}), [])
      assert.deepStrictEqual(yield* read(Wire.Object_, {}), {})
      assert.isUndefined(yield* read(Wire.OptionalTime, {}))
    }))

  it.effect("reads lists and objects, and anything else as empty ones", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* read(Wire.List, { field: [1, "a", null] }), [1, "a", null])
      assert.deepStrictEqual(yield* read(Wire.Object_, { field: { a: 1 } }), { a: 1 })
      for (const value of ["", "a", 1, null, true]) {
        assert.deepStrictEqual(yield* read(Wire.List, { field: value }), [])
        assert.deepStrictEqual(yield* read(Wire.Object_, { field: value }), {})
      }
      assert.deepStrictEqual(yield* read(Wire.Object_, { field: [1] }), {})
    }))
})

describe("Wire.OptionalCount", () => {
  it.effect("reads whole numbers, as text too", () =>
    Effect.gen(function*() {
      for (const [value, count] of [[0, 0], ["12", 12], [3, 3], [12n, 12], [["4", "5"], 4]]) {
        assert.strictEqual(yield* read(Wire.OptionalCount, { field: value }), count)
      }
    }))

  it.effect.each(["", "1.5", 1.5, -1, "1e3", "0x10", "9".repeat(20), NaN, Infinity, ...nonsense])(
    "has no count for %j",
    (value) =>
      Effect.gen(function*() {
        assert.isUndefined(yield* read(Wire.OptionalCount, { field: value }))
      })
  )
})

describe("Wire.OptionalTime", () => {
  it.effect.each([
    ["2026-01-27T10:30:00Z", "2026-01-27T10:30:00.000Z"],
    ["2026-01-27T10:30:00.123456Z", "2026-01-27T10:30:00.123Z"],
    ["2026-01-27T10:30:00+02:00", "2026-01-27T08:30:00.000Z"],
    ["2026-01-27T10:30:00.5-05:00", "2026-01-27T15:30:00.500Z"],
    ["2026-01-27t10:30:00z", "2026-01-27T10:30:00.000Z"],
    ["2026-01-27T10:30:00+0200", "2026-01-27T08:30:00.000Z"],
    ["2026-01-27T10:30:00", "2026-01-27T10:30:00.000Z"],
    ["2026-01-27 10:30:00", "2026-01-27T10:30:00.000Z"],
    ["2026-01-27T10:30", "2026-01-27T10:30:00.000Z"]
  ])("reads %s as %s", ([text, instant]) =>
    Effect.gen(function*() {
      const time = yield* read(Wire.OptionalTime, { field: text })
      assert.strictEqual(time === undefined ? "" : DateTime.formatIso(time), instant)
    }))

  it.effect.each(["", "yesterday", "5", "Sat 5", "1769608814", "2026-13-45T99:99:99Z", 1769608814, ...nonsense])(
    "has no time for %j",
    (value) =>
      Effect.gen(function*() {
        assert.isUndefined(yield* read(Wire.OptionalTime, { field: value }))
      })
  )
})

describe("Wire.required", () => {
  const decode = Wire.decoder(Schema.Struct({ field: Wire.required("a number"), from: Wire.RequiredAddress }))

  it.effect.each(["x", " x", 5, ["x", "y"]])("reads %j", (value) =>
    Effect.gen(function*() {
      const text = String(Array.isArray(value) ? value[0] : value)
      assert.deepStrictEqual<unknown>(yield* decode({ field: value, from: value }), { field: text, from: text })
    }))

  it.effect.each([undefined, "", null, {}, [], [""], true])(
    "refuses %j, and says what was expected",
    (value) =>
      Effect.gen(function*() {
        const { issues } = yield* Effect.flip(decode({ field: value, from: value }))
        assert.deepStrictEqual(issues.map(({ field }) => field), ["field", "from"])
        assert.strictEqual(issues[0].expected, "Expected a number")
      })
  )
})

describe("Wire.OptionalFlag and Wire.OptionalCost", () => {
  it.effect.each([
    [true, true],
    ["False", false],
    ["yes", undefined],
    [1, undefined],
    [null, undefined]
  ])("read %j as a flag", ([value, flag]) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* read(Wire.OptionalFlag, { field: value }), flag)
    }))

  it.effect.each([
    [{ amount: "0.0040", currency: "USD" }, { amount: "0.0040", currency: "USD" }],
    [{ amount: 0.004 }, { amount: "0.004" }],
    [{ amount: "-1", currency: null }, { amount: "-1" }],
    [{ amount: null, currency: "USD" }, undefined],
    [{ amount: "1e-7" }, undefined],
    [{ amount: "free" }, undefined],
    ["0.004", undefined],
    [null, undefined]
  ])("read %j as a cost", ([value, cost]) =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* read(Wire.OptionalCost, { field: value }), cost)
    }))
})

describe("Wire.Items and Wire.Texts", () => {
  it.effect.each([
    [undefined, [], []],
    [null, [], []],
    ["", [], []],
    ["x", ["x"], ["x"]],
    [["x", " ", "y"], ["x", " ", "y"], ["x", "y"]],
    [{ a: 1 }, [{ a: 1 }], []],
    [5, [5], ["5"]]
  ])("read %j", ([value, items, texts]) =>
    Effect.gen(function*() {
      assert.deepStrictEqual<unknown>(yield* read(Wire.Items, { field: value }), items)
      assert.deepStrictEqual<unknown>(yield* read(Wire.Texts, { field: value }), texts)
    }))
})

describe("Wire.toTimeIn", () => {
  it.effect.each([
    ["2026-07-27T10:30:00", "2026-07-27T14:30:00.000Z"],
    ["2026-01-27 10:30:00", "2026-01-27T15:30:00.000Z"],
    ["2026-07-27T10:30:00+02:00", "2026-07-27T08:30:00.000Z"],
    // Twice, when the clocks go back.
    ["2026-11-01 01:30:00", "2026-11-01T05:30:00.000Z"]
  ])("reads %s in the zone", ([text, instant]) =>
    Effect.gen(function*() {
      const zone = yield* Effect.fromOption(DateTime.zoneMakeNamed("America/Toronto"))
      const time = Wire.toTimeIn(text, zone)
      assert.strictEqual(time === undefined ? "" : DateTime.formatIso(time), instant)
    }))

  it("has no local time without a zone", () => {
    assert.isUndefined(Wire.toTimeIn("2026-07-27T10:30:00", undefined))
    assert.isDefined(Wire.toTimeIn("2026-07-27T10:30:00Z", undefined))
  })
})

describe("Wire.ownString", () => {
  it("is text that is not empty, and of a repeated field the first", () => {
    const payload = { text: "a", repeated: ["b", "c"] }
    assert.strictEqual(Wire.ownString(payload, "text"), "a")
    assert.strictEqual(Wire.ownString(payload, "repeated"), "b")
    for (const key of ["missing", "constructor", "__proto__"]) assert.isUndefined(Wire.ownString(payload, key))
    for (const value of ["", 1, 1n, [""], [1], ...nonsense]) assert.isUndefined(Wire.ownString({ value }, "value"))
  })
})

describe("Wire.decoder", () => {
  const decode = Wire.decoder(
    Schema.Struct({
      to: Schema.NonEmptyString,
      nested: Schema.Struct({ list: Schema.Array(Schema.Struct({ id: Schema.String })) })
    })
  )

  it.effect("names every bad field by its path", () =>
    Effect.gen(function*() {
      const { issues } = yield* Effect.flip(decode({ to: "", nested: { list: [{ id: "a" }, { id: 5 }, {}] } }))
      assert.deepStrictEqual(issues.map(({ field }) => field), ["to", "nested.list.1.id", "nested.list.2.id"])
      assert.isTrue(issues.every(({ expected }) => expected !== ""))
    }))

  it.effect("reads lenient fields inside of others too", () =>
    Effect.gen(function*() {
      const field = Schema.Struct({ code: Wire.OptionalText, list: Wire.List })
      const decode = Wire.decoder(Schema.Struct({ one: field, many: Schema.Array(field) }))
      const given = { code: "", list: [] }
      const read = { code: undefined, list: [] }
      assert.deepStrictEqual(yield* decode({ one: given, many: [given] }), { one: read, many: [read] })
    }))

  it.effect("never repeats a value", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(decode({ to: { secret: "+14185551234" }, nested: "+14185551234" }))
      assert.notInclude(JSON.stringify(error) + error.message, "4185551234")
      assert.notInclude(JSON.stringify(error) + error.message, "secret")
    }))
})

describe("Wire.compact", () => {
  it("drops undefined and keeps everything else", () => {
    assert.deepStrictEqual(Wire.compact({ a: undefined, b: null, c: "", d: 0, e: false }), {
      b: null,
      c: "",
      d: 0,
      e: false
    })
    assert.deepStrictEqual(Object.keys(Wire.compact(JSON.parse("{\"__proto__\":1,\"a\":2}"))), ["__proto__", "a"])
  })
})

describe("Wire.lookup", () => {
  it("finds own entries only, so that constructor is no status word", () => {
    const table = { sent: 1 }
    assert.strictEqual(Wire.lookup(table, "sent"), 1)
    for (const key of ["constructor", "__proto__", "toString", "hasOwnProperty", ""]) {
      assert.isUndefined(Wire.lookup(table, key))
    }
  })
})
