/** Google's libphonenumber, which comes without types. */
import { createRequire } from "node:module"

/** The part of it that is used. */
interface Google {
  readonly PhoneNumberUtil: {
    readonly getInstance: () => {
      readonly parse: (text: string, region: string) => object
      readonly isValidNumber: (number: object) => boolean
      readonly format: (number: object, format: number) => string
      readonly getSupportedRegions: () => ReadonlyArray<string>
      readonly getCountryCodeForRegion: (region: string) => number
      readonly getNddPrefixForRegion: (region: string, stripNonDigits: boolean) => string | null
      readonly getExampleNumberForType: (region: string, type: number) => object | null
    }
  }
  readonly PhoneNumberFormat: Readonly<Record<"E164" | "INTERNATIONAL" | "NATIONAL" | "RFC3966", number>>
  readonly PhoneNumberType: Readonly<Record<string, number>>
}

export const google: Google = createRequire(import.meta.url)("google-libphonenumber")
