/**
 * Finds the time zones where the owner of a number may be.
 *
 * A number says where it was given out, not where its owner is. Where it does not
 * say which of several zones it was, all of them are candidates.
 */
import { parsePhoneNumberFromString } from "libphonenumber-js/max"
import type { Address } from "../../Address.ts"
import { personOf } from "../../internal/person.ts"
import * as AreaCodes from "./areaCodes.ts"
import * as CountryZones from "./countryZones.ts"

/** Where a number may be. */
export interface Place {
  /** The country as ISO 3166-1 alpha-2, or several where it is not known. */
  readonly countries: ReadonlyArray<string>
  /** The state or province, as in `US-FL`. */
  readonly region: string | undefined
  /** None for an address without a number, and for a number of no country. */
  readonly zones: ReadonlyArray<string>
}

const nowhere: Place = { countries: [], region: undefined, zones: [] }

const inCountries = (countries: ReadonlyArray<string>): Place => ({
  countries,
  region: undefined,
  zones: [...new Set(countries.flatMap(CountryZones.zonesOf))]
})

/** Returns the country, state and zones of an address. */
export const placeOf = (address: Address): Place => {
  const digits = personOf(address)
  if (!/^\d{7,15}$/.test(digits)) return nowhere
  const area = /^1\d{10}$/.test(digits) ? AreaCodes.areas.get(digits.slice(1, 4)) : undefined
  if (area !== undefined) {
    const { region, zones } = area
    return { countries: [region.slice(0, 2)], region, zones }
  }
  const parsed = parsePhoneNumberFromString(`+${digits}`, { extract: false })
  if (parsed?.country !== undefined) return inCountries([parsed.country])
  // An area code that is newer than both tables.
  if (/^1\d{10}$/.test(digits)) return inCountries(["US", "CA"])
  return parsed === undefined ? nowhere : inCountries(parsed.getPossibleCountries())
}
