/**
 * Reads the addresses of an attachment that the application makes.
 */
import * as Effect from "effect/Effect"
import { type Address, fromText } from "../../Address.ts"
import { compact } from "../../internal/record.ts"
import { Attachment, InvalidAttachment } from "../Room.ts"

export interface Input {
  readonly channelId: string
  readonly participant?: Address | undefined
  readonly recipient?: Address | undefined
}

const expected = "a phone number as + and digits with its country code, a short code, a channel address or a name"

const read = (field: InvalidAttachment["field"], address: Address | undefined) =>
  address === undefined
    ? Effect.undefined
    : Effect.mapError(Effect.fromOption(fromText(address)), () => new InvalidAttachment({ field, expected }))

/** Builds an attachment whose addresses are written as carriers write them. Fails for text that is no address. */
export const make = Effect.fnUntraced(function*({ channelId, participant, recipient }: Input) {
  return new Attachment({
    channelId,
    ...compact({
      participant: yield* read("participant", participant),
      recipient: yield* read("recipient", recipient)
    })
  })
})
