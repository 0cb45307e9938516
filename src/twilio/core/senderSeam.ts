/**
 * Finds the sender in the signed text of a form.
 *
 * The text of a message comes before `From`, and may contain whatever a person
 * types, also `From+16505550111`. So the sender is the last one that the signed
 * text has, and what comes before it is text.
 */
import { canonicalNumber } from "../../internal/numberForms.ts"
import { type InvalidPayload, invalidPayload } from "../../provider/core/refusal.ts"
import { address as isAddress, type Field, isAlphanumeric, isNumber, nameOf } from "./names.ts"

/** Fields that no text is before, so that no cut changes them. */
export interface Pinned {
  readonly to: string
  readonly waId: string | undefined
}

export const schemeOf = (address: string): string => /^[a-z][a-z0-9]*:/.exec(address)?.[0] ?? ""

/** The fields between a text and the id, as they are to be read. */
export interface Split {
  readonly text: string
  readonly from: string | undefined
  /** The fields after the sender. */
  readonly rest: ReadonlyArray<Field>
}

const geography = /From(?:City|Country|State|Zip)/g
const isGeography = /^From(?:City|Country|State|Zip)/

/** Fields in which a person's text may be, after the sender of an address of a channel. */
const ofChannel = /^(?:InteractiveData|Label|List(?:Description|Id|Title))$/

/** The beginnings of names that Twilio may add beside `FromCity`. A sender whose name begins so is not looked for. */
const plausible =
  /^From(?:Address|Area|Carrier|Device|Id|Latitude|Line|Locale|Longitude|Name|Network|Number|Operator|Prefix|Region|Sid|Time|Type|User)/

/** What Twilio does not send in a single field of the geography, but a sender is called: `CityBank`, `ZipCar`. */
const isNamesake = (text: string): boolean => /^From(?:City.+|State.*[a-z]|Zip\D|Country.{3})/s.test(text)

const textOf = (fields: ReadonlyArray<Field>): string => fields.flat().join("")

const isOf = (waId: string | undefined, address: string): boolean =>
  waId !== undefined && waId !== "" && schemeOf(address) !== "" &&
  canonicalNumber(`+${waId}`) === canonicalNumber(`+${address.slice(schemeOf(address).length).replace("+", "")}`)

const countPlaces = (fields: ReadonlyArray<Field>): number => fields.filter(([name]) => isGeography.test(name)).length

/** Returns whether nothing in these fields can be a sender. */
const isPlain = (fields: ReadonlyArray<Field>): boolean =>
  fields.every(([name, value]) => nameOf(name).isKnown && !value.includes("From")) &&
  [0, 4].includes(countPlaces(fields))

/** Returns the last sender in these fields, which are in the order of the signed text. */
const lastSender = (fields: ReadonlyArray<Field>, own: string | undefined, { to, waId }: Pinned) => {
  if (own !== undefined && isPlain(fields)) return undefined
  const text = textOf(fields)
  const starts: Array<number> = []
  let length = 0
  for (const [name, value] of fields) {
    starts.push(length)
    length += name.length + value.length
  }
  const hasPlaces = /FromCity[^]*FromCountry[^]*FromState[^]*FromZip/.test(text)
  const wanted = schemeOf(to)
  const isOther = own !== undefined && isOf(waId, own)
  const isOfChannel = own !== undefined && (wanted !== "" || schemeOf(own) !== "")
  for (let at = text.lastIndexOf("From"); at !== -1; at = at === 0 ? -1 : text.lastIndexOf("From", at - 1)) {
    const index = starts.findLastIndex((start) => start <= at)
    const field = fields[index]!
    const isName = starts[index] === at && field[0] !== ""
    const isPlace = isGeography.test(text.slice(at, at + 11))
    const after = starts.findIndex((start) => start >= at + 4)
    const start = after === -1 ? text.length : starts[after]!
    geography.lastIndex = at + 4
    const place = geography.exec(text)?.index
    // Twilio sends all four, or none. A zip code has no small letters.
    const isZip = isPlace && /^FromZip[A-Za-z]*[a-z]$/.test(text.slice(at, start))
    if (isPlace && ((hasPlaces && !isZip) || place !== undefined)) continue
    const isBeforeFile = own === undefined && /^Media(?:Url|ContentType)\d/.test(text.slice(at + 4, at + 21))
    const end = isBeforeFile ? at + 4 : Math.min(start, place ?? start)
    // What follows the sender is sorted after it.
    if (end === start && after !== -1 && fields[after]![0] < "From") continue
    const address = text.slice(at + 4, end)
    if (isPlace && !isNamesake(text.slice(at, end))) continue
    // WhatsApp leaves the sender empty who hides the number.
    if (address !== "" && wanted !== "" && schemeOf(address) !== wanted) continue
    const isTyped = isOfChannel && ofChannel.test(field[0])
    const isSender = address === ""
      ? own === undefined && !isTyped
      : isNumber(address)
      ? isOf(waId, address) || (!isTyped && !isOther)
      : isAlphanumeric(address) && !isTyped && !(isName && plausible.test(field[0]))
    if (isSender && !(isTyped && isOther)) {
      return {
        before: text.slice(0, at),
        address,
        rest: end !== start ? undefined : after === -1 ? [] : fields.slice(after)
      }
    }
  }
  return undefined
}

/** An SMS has no fields of channels, so what looks like one, or is new, may be the end of an alphanumeric sender. */
const wholeSender = (from: string, rest: ReadonlyArray<Field>, { to }: Pinned): Pick<Split, "from" | "rest"> => {
  const [next] = rest
  if (next === undefined || schemeOf(to) !== "" || schemeOf(from) !== "") return { from, rest }
  const [name, value] = next
  const isEnd = (!nameOf(name).isKnown || ofChannel.test(name)) && isAlphanumeric(from + name + value)
  return isEnd ? { from: from + name + value, rest: rest.slice(1) } : { from, rest }
}

/** Returns whether a sender is a field of the geography, as `City`, because the others are there. */
const isPlaceOf = (from: string, rest: ReadonlyArray<Field>): boolean => {
  const [place] = isGeography.exec(`From${from}`) ?? []
  return place !== undefined && countPlaces(rest) > 0 && rest.every(([name]) => name !== place)
}

const notAlone = invalidPayload("From", "Expected it as a field of its own")

/**
 * Reads the fields from a text on up to the id. `first` is the field of the
 * text.
 */
export const splitAtSender = (fields: ReadonlyArray<Field>, pinned: Pinned): Split | InvalidPayload => {
  const [first, ...others] = fields
  const value = first?.[1] ?? ""
  const own = others.findIndex(([name]) => name === "From")
  const before = own === -1 ? "" : value + textOf(others.slice(0, own))
  const after: ReadonlyArray<Field> = own === -1 ? [["", value], ...others] : others.slice(own + 1)
  const from = others[own]?.[1]
  if (from !== undefined && (!isAddress.test(from) || isPlaceOf(from, after))) return notAlone
  const last = lastSender(after, from, pinned)
  if (last !== undefined) {
    if (last.rest === undefined) return notAlone
    return {
      text: before + (from === undefined ? "" : `From${from}`) + last.before,
      ...wholeSender(last.address, last.rest, pinned)
    }
  }
  if (from !== undefined) {
    // A text may end with `FromBob`.
    const at = isAlphanumeric(from) ? from.lastIndexOf("From") : -1
    return at === -1
      ? { text: before, ...wholeSender(from, after, pinned) }
      : { text: `${before}From${from.slice(0, at)}`, ...wholeSender(from.slice(at + 4), after, pinned) }
  }
  const end = others.findIndex(([name]) => name > "From")
  return end === -1
    ? { text: value + textOf(others), from, rest: [] }
    : { text: value + textOf(others.slice(0, end)), from, rest: others.slice(end) }
}
