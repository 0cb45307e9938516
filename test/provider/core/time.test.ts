/**
 * Times of carriers are read as `DateTime` of Effect reads them.
 */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Option } from "effect"
import * as fc from "fast-check"
import { toIso, toMillis, unknown, zoneOf } from "../../../src/provider/core/time.ts"
import { runs } from "../../cores.ts"

const local = fc.stringMatching(/^20[0-3]\d-[01]\d-[0-3]\d[T ][0-2]\d:[0-5]\d(:[0-6]\d(\.\d{1,9})?)?$/)

const millisOf = (time: Option.Option<DateTime.DateTime>) =>
  Option.getOrUndefined(Option.map(time, DateTime.toEpochMillis))

describe("toMillis", () => {
  it("reads a time with an offset, or in UTC, as `DateTime` does", () => {
    let times = 0
    const offset = fc.constantFrom("", "Z", "z", "+00:00", "-0530", "+14:00")
    fc.assert(
      fc.property(local, offset, (local, offset) => {
        const text = local.replace(" ", "T") + (offset === "" ? "Z" : offset.toUpperCase())
        const expected = millisOf(DateTime.make(text))
        if (expected !== undefined) times++
        assert.strictEqual(toMillis(local + offset), expected)
      }),
      runs(3000)
    )
    assert.isAbove(times, 1000)
  })

  it("reads the form that `Date` writes, and one that is nearly that, as `Date` does", () => {
    const near = fc.tuple(
      fc.date({ noInvalidDate: true, min: new Date("0000-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59Z") }),
      fc.nat(28),
      fc.constantFrom("", "2", "6", "9", ":", "-", " ", "x"),
      fc.constantFrom("Z", "+00:00")
    ).map(([date, at, other, zone]) => {
      const text = date.toISOString().replace("Z", zone)
      return text.slice(0, at) + other + text.slice(at + 1)
    })
    let times = 0
    fc.assert(
      fc.property(near, (text) => {
        const date = Date.parse(text.replace(" ", "T"))
        // `Date` reads other forms as well.
        if (!/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\.\d{3}(?:Z|\+00:00)$/.test(text)) return
        if (!Number.isNaN(date)) times++
        assert.strictEqual(toMillis(text), Number.isNaN(date) ? undefined : date)
      }),
      runs(3000)
    )
    assert.isAbove(times, 500)
  })

  const zones = ["America/Toronto", "Europe/Paris", "Asia/Kolkata", "Australia/Lord_Howe", "UTC", "America/St_Johns"]

  it("reads a time in a named zone as `DateTime` does, in hours that are repeated or left out too", () => {
    // Around the ends of daylight saving time, and at any time.
    const changes = fc.tuple(
      fc.constantFrom("2026-03-08", "2026-11-01", "2026-03-29", "2026-10-25", "2026-04-05", "2026-10-04"),
      fc.nat(24 * 60 - 1)
    ).map(([date, minute]) => {
      const [hour, rest] = [Math.floor(minute / 60), minute % 60]
      return `${date}T${String(hour).padStart(2, "0")}:${String(rest).padStart(2, "0")}:30`
    })
    let times = 0
    fc.assert(
      fc.property(fc.oneof(local, changes), fc.constantFrom(...zones), (text, name) => {
        const timeZone = DateTime.zoneMakeNamedUnsafe(name)
        const expected = millisOf(
          DateTime.makeZoned(`${text.replace(" ", "T")}Z`, { timeZone, adjustForTimeZone: true })
        )
        if (expected !== undefined) times++
        assert.strictEqual(toMillis(text, zoneOf(name)), expected)
      }),
      { ...runs(2000), numRuns: Math.min(runs(2000).numRuns, 20_000) }
    )
    assert.isAbove(times, 1000)
  }, 3_600_000)

  it("leaves a time without a zone out where none is known", () => {
    assert.isUndefined(toMillis("2026-07-27T10:30:00", unknown))
    assert.isDefined(toMillis("2026-07-27T10:30:00Z", unknown))
    assert.throws(() => zoneOf("Europe/Atlantis"), RangeError)
  })
})

describe("toIso", () => {
  it("writes a time as `Date` does", () => {
    fc.assert(
      fc.property(fc.date({ noInvalidDate: true }), (date) => {
        assert.strictEqual(toIso(date.getTime()), date.toISOString())
        // The day before it, which another call has left.
        assert.strictEqual(toIso(date.getTime() % 86_400_000), new Date(date.getTime() % 86_400_000).toISOString())
      }),
      runs(3000)
    )
    assert.throws(() => toIso(Number.NaN), RangeError)
  })
})
