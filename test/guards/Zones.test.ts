/** The zones of numbers, against those of Google's libphonenumber. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime } from "effect"
import { getCountries, getExampleNumber } from "libphonenumber-js/max"
import examples from "libphonenumber-js/mobile/examples"
import { readFileSync } from "node:fs"
import { Address } from "../../src/Address.ts"
import { areas } from "../../src/guards/internal/areaCodes.ts"
import { zonesOf } from "../../src/guards/internal/windows.ts"
import { placeOf } from "../../src/guards/internal/zones.ts"

const google = new Map<string, ReadonlyArray<string>>()
for (const line of readFileSync(`${import.meta.dirname}/../fixtures/zones/map_data.txt`, "utf8").split("\n")) {
  const [zones, prefixes] = line.split("|")
  for (const prefix of prefixes?.split(" ") ?? []) google.set(prefix, zones!.split("&"))
}

const longest = (digits: string): ReadonlyArray<string> => {
  for (let length = digits.length; length > 0; length--) {
    const found = google.get(digits.slice(0, length))
    if (found !== undefined) return found
  }
  return []
}

/** The offsets of a zone in each month: zones with the same ones are the same here. */
const offsets = (name: string): string => {
  const [zone] = zonesOf([name])
  assert.isDefined(zone, name)
  return Array.from(
    { length: 12 },
    (_, month) => DateTime.zonedOffset(DateTime.makeZonedUnsafe(Date.UTC(2026, month, 15), { timeZone: zone! }))
  ).join()
}

const missing = (ours: ReadonlyArray<string>, others: ReadonlyArray<string>): ReadonlyArray<string> => {
  const known = new Set(ours.map(offsets))
  return others.filter((zone) => !known.has(offsets(zone)))
}

/** Where the table differs on purpose. */
const areasThatDiffer: Readonly<Record<string, string>> = {
  // An overlay of 407: Orlando.
  689: "America/Chicago",
  // All of Saskatchewan is without summer time, but for Lloydminster.
  474: "America/Winnipeg",
  // The Aleutians have summer time.
  907: "Pacific/Honolulu",
  // Labrador has the summer time of Halifax, or that of Newfoundland.
  709: "America/Puerto_Rico",
  879: "America/Puerto_Rico"
}

/** Where libphonenumber has a zone of a neighbour, with a summer time that the country has not, or an earlier zone. */
const regionsThatDiffer: Readonly<Record<string, string>> = {
  DZ: "Europe/Paris",
  EH: "Atlantic/Canary",
  LY: "Europe/Bucharest",
  MA: "Atlantic/Canary",
  NI: "America/Chicago",
  SS: "Africa/Nairobi"
}

describe("the zones of a number", () => {
  it("are at least those of libphonenumber, for each area code of the United States and Canada", () => {
    const byArea = new Map<string, Set<string>>()
    for (const [prefix, zones] of google) {
      if (!prefix.startsWith("1") || prefix.length < 4) continue
      const area = prefix.slice(1, 4)
      byArea.set(area, new Set([...byArea.get(area) ?? [], ...zones]))
    }
    const differences: Record<string, string> = {}
    for (const [area, zones] of byArea) {
      const { zones: ours } = placeOf(Address.make(`+1${area}5550142`))
      const found = missing(ours, [...zones])
      if (found.length > 0) differences[area] = found.join()
    }
    assert.deepStrictEqual(differences, areasThatDiffer)
    assert.isAbove(byArea.size, 430)
    for (const area of areas.keys()) assert.match(area, /^[2-9]\d\d$/)
  })

  it("are of the states where both of two zones are in use, and no others", () => {
    const several = Array.from(areas).filter(([, { zones }]) => zones.length > 1)
    assert.sameMembers(Array.from(new Set(several.map(([, { region }]) => region))), [
      ..."AK AZ FL ID IN KS KY MI ND NE NV OR SD TN".split(" ").map((state) => `US-${state}`),
      ..."BC NL NT ON QC".split(" ").map((province) => `CA-${province}`)
    ])
  })

  it("are at least those of libphonenumber, for the example number of each region", () => {
    const differences: Record<string, string> = {}
    const regions = getCountries()
    for (const region of regions) {
      const number = getExampleNumber(region, examples)?.number
      assert.isDefined(number, region)
      const others = longest(number!.slice(1)).filter((zone) => zone !== "Etc/Unknown")
      const found = missing(placeOf(Address.make(number!)).zones, others)
      if (found.length > 0) differences[region] = `${found}`
    }
    assert.deepStrictEqual(differences, regionsThatDiffer)
    assert.isAbove(regions.length, 240)
  })

  it("are all of North America for an area code that is not known, and none without a number", () => {
    const { countries, region, zones } = placeOf(Address.make("+12995550142"))
    assert.deepStrictEqual([countries, region], [["US", "CA"], undefined])
    assert.includeMembers([...zones], ["America/New_York", "Pacific/Honolulu", "America/St_Johns"])
    for (const address of ["12345", "ACME", "whatsapp:US.13491208655302741918", "+8001234567890"]) {
      assert.deepStrictEqual(placeOf(Address.make(address)).zones, [], address)
    }
    const same = placeOf(Address.make("whatsapp:+13055550142"))
    assert.deepStrictEqual(same, { countries: ["US"], region: "US-FL", zones: ["America/New_York"] })
  })
})
