/**
 * Finds a person in stored rows, and masks the person's addresses in the rows of
 * others.
 */
import { type Address, canonical } from "../../Address.ts"
import { Attachment, type Room } from "../../rooms/Room.ts"
import * as Numbers from "./personNumber.ts"

/** Longer digits are a phone number wherever they occur; shorter ones may be anything. */
const shortestNumber = 7

/** Escapes the wildcards of a `LIKE` pattern. */
export const escaped = (text: string): string => text.replaceAll(/[\\%_]/g, "\\$&")

/** Returns an address without the scheme of a channel, so that a number is the same person on every channel. */
const bare = (address: Address): string => {
  const form = canonical(address)
  return form.slice(form.indexOf(":") + 1)
}

const digitsOf = (address: string): string | undefined => {
  const number = /^(?:[a-z]+:)?\+(\d+)$/.exec(address)?.[1]
  return number !== undefined && number.length >= shortestNumber ? number : undefined
}

/** Returns all addresses of the participant of an attachment. */
const addressesOf = ({ aliases = [], participant, writesFrom }: Attachment): ReadonlyArray<Address> =>
  [participant, writesFrom, ...aliases].filter((address) => address !== undefined)

/** The other members of a group in JSON text. */
const members = /"participants":\[("(?:[^"\\]|\\.)*"(?:,"(?:[^"\\]|\\.)*")*)\]/g

/** A person, as far as it is known by which addresses. */
export interface Person {
  /** Returns whether an address is one of the person's, in any form and on any channel. */
  readonly has: (address: Address | undefined) => boolean
  /** The addresses, in the forms that are known. */
  readonly addresses: ReadonlyArray<Address>
  /** The `LIKE` patterns of JSON text with an address of the person. */
  readonly patterns: ReadonlyArray<string>
  /** The `LIKE` patterns of text that may name the person, as people write a number. */
  readonly written: ReadonlyArray<string>
  /** The digits of the person's numbers. */
  readonly numbers: ReadonlyArray<string>
  /** Returns whether text has a number of the person, and not only as a part of another one. */
  readonly isIn: (text: string) => boolean
  /** The `LIKE` patterns of route keys that lead to the person. */
  readonly routes: ReadonlyArray<string>
  /**
   * Removes the person from groups in JSON text, because a message may still go
   * to them, and replaces what else names the person. The text stays valid.
   */
  readonly mask: (text: string) => string
}

/** Builds a person from all known addresses. */
export const make = (known: Iterable<Address>): Person => {
  const addresses = Array.from(new Set(Array.from(known).flatMap((address) => [address, canonical(address)])))
  const names = new Set(addresses.map(bare))
  const numbers = Array.from(new Set(addresses.flatMap((address) => digitsOf(address) ?? [])))
  const others = addresses.filter((address) => digitsOf(address) === undefined).map((address) =>
    JSON.stringify(address)
  )
  // The id of a room, which an application may have made of numbers, stays: other rows have it too.
  const number = numbers.length === 0
    ? undefined
    : new RegExp(`"roomId":"(?:[^"\\\\]|\\\\.)*"|(${Numbers.sourceOf(numbers)})`, "g")
  const plain = numbers.length === 0 ? undefined : new RegExp(`(?<!\\d)(?:${numbers.join("|")})(?!\\d)`)
  return {
    has: (address) => address !== undefined && names.has(bare(address)),
    addresses,
    numbers,
    patterns: [...numbers, ...others].map((text) => `%${escaped(text)}%`),
    written: [...numbers.map(Numbers.patternOf), ...others.map((text) => `%${escaped(text)}%`)],
    isIn: (text) => plain?.test(text) === true,
    routes: [
      ...addresses.map((address) => `%,${escaped(JSON.stringify(address))}]`),
      ...numbers.map((digits) => `%:+${digits}"]`),
      ...[...addresses.map((address) => JSON.stringify(address)), ...numbers.map((digits) => `:+${digits}"`)]
        .map((member) => `%,[%${escaped(member)}%]]`)
    ],
    mask: (whole) => {
      const text = whole.replaceAll(members, (_, list: string) => {
        const others = (JSON.parse(`[${list}]`) as ReadonlyArray<Address>).filter((member) => !names.has(bare(member)))
        return `"participants":${JSON.stringify(others)}`
      })
      // Nines are still a number where a number must be, and no country has the code 999.
      const masked = number === undefined
        ? text
        : text.replaceAll(number, (found, written?: string) => written?.replaceAll(/\d/g, "9") ?? found)
      return others.reduce((text, other) => text.replaceAll(other, "\"forgotten\""), masked)
    }
  }
}

/** Returns the addresses that a room knows of a person. */
export const addressesIn = ({ attachments }: Room, person: Person): ReadonlyArray<Address> =>
  attachments.flatMap((attachment) => {
    const addresses = addressesOf(attachment)
    return addresses.some(person.has) ? addresses : attachment.group?.filter(person.has) ?? []
  })

/** Returns an attachment without a person: as it was, with fewer members, or `undefined`. */
const without = (attachment: Attachment, person: Person): Attachment | undefined => {
  if (addressesOf(attachment).some(person.has)) return undefined
  const { group, ...fields } = attachment
  const [first, ...others] = group?.filter((member) => !person.has(member)) ?? []
  if (group === undefined || group.length === others.length + 1) return attachment
  if (first === undefined) return undefined
  // One that is left alone is no group.
  return new Attachment({
    ...fields,
    ...(others.length === 0 ? { participant: first } : { group: [first, ...others] })
  })
}

/** Takes a person out of the attachments of a room. */
export const leave = ({ attachments }: Room, person: Person) => {
  const pairs = attachments.map((before) => ({ before, after: without(before, person) }))
  return {
    left: pairs.flatMap(({ after }) => after ?? []),
    /** The attachments whose routes are gone. */
    removed: pairs.flatMap(({ after, before }) => after === before ? [] : before),
    /** The groups with fewer members, which have other routes. */
    reduced: pairs.flatMap(({ after, before }) => after === undefined || after === before ? [] : after)
  }
}

/**
 * Returns which part a person has in a room. A room that does not decode counts
 * as one of the person alone.
 */
export const partIn = (room: Room | undefined, person: Person): "alone" | "shared" | "none" => {
  if (room === undefined) return "alone"
  const { left, removed } = leave(room, person)
  if (removed.length === 0) return "none"
  return left.some(({ group, participant }) => group !== undefined || participant !== undefined) ? "shared" : "alone"
}
