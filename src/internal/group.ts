/**
 * The participants of a group message.
 */
import type { Address } from "../Address.ts"
import { canonical } from "./addressText.ts"

/** Returns the addresses, each phone once, in the form that comes first. */
export const distinct = <A extends string>(addresses: ReadonlyArray<A>): ReadonlyArray<A> => {
  const forms = new Set<string>()
  return addresses.filter((address) => {
    const form = canonical(address)
    return forms.has(form) ? false : forms.add(form)
  })
}

/** Returns the form by which groups are compared: equal for the same phones in any order and spelling. */
export const formOf = (group: ReadonlyArray<Address>): ReadonlyArray<Address> =>
  Array.from(new Set(group.map((address) => canonical(address) as Address))).sort()

/** Returns whether two groups have the same phones. */
export const isSame = (one: ReadonlyArray<Address>, other: ReadonlyArray<Address>): boolean =>
  JSON.stringify(formOf(one)) === JSON.stringify(formOf(other))

/** A received message, or what its route depends on. */
export interface Received {
  readonly recipient: Address
  readonly sender: Address
  readonly participants?: ReadonlyArray<Address> | undefined
}

/** Returns the members of the group without our number, the sender first, or `undefined` for a message to us alone. */
export const groupOf = (
  { participants, recipient, sender }: Received
): readonly [Address, ...Array<Address>] | undefined => {
  if (participants === undefined || participants.length === 0) return undefined
  const [, ...others] = distinct([recipient, sender, ...participants])
  return others.length < 2 ? undefined : others as [Address, ...Array<Address>]
}
