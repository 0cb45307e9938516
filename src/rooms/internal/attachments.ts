/**
 * Reads the addresses of an attachment that the application makes.
 */
import * as Effect from "effect/Effect"
import { type Address, fromText } from "../../Address.ts"
import { distinct } from "../../internal/group.ts"
import { compact } from "../../internal/record.ts"
import { Attachment, InvalidAttachment } from "../Room.ts"

export interface Input {
  readonly channelId: string
  readonly participant?: Address | undefined
  readonly group?: ReadonlyArray<Address> | undefined
  readonly recipient?: Address | undefined
}

const expected = "a phone number as + and digits with its country code, a short code, a channel address or a name"

const readOne = (field: InvalidAttachment["field"], address: Address) =>
  Effect.mapError(Effect.fromOption(fromText(address)), () => new InvalidAttachment({ field, expected }))

const read = (field: InvalidAttachment["field"], address: Address | undefined) =>
  address === undefined ? Effect.undefined : readOne(field, address)

const readGroup = Effect.fnUntraced(function*({ group, participant }: Input) {
  if (group === undefined) return undefined
  const [first, second, ...others] = distinct(yield* Effect.forEach(group, (address) => readOne("group", address)))
  if (first === undefined || second === undefined || participant !== undefined) {
    return yield* new InvalidAttachment({ field: "group", expected: "two members or more, in place of a participant" })
  }
  return [first, second, ...others] as const
})

/** Builds an attachment whose addresses are written as carriers write them. Fails for text that is no address. */
export const make = Effect.fnUntraced(function*(input: Input) {
  const { channelId, participant, recipient } = input
  return new Attachment({
    channelId,
    ...compact({
      participant: yield* read("participant", participant),
      group: yield* readGroup(input),
      recipient: yield* read("recipient", recipient)
    })
  })
})
