/**
 * The keys of deliveries as text, under which stores and waiters find them.
 */

interface Key {
  readonly provider: string
  readonly messageId: string
  readonly recipient?: string | undefined
}

/** Returns the key as text, equal for every spelling of the recipient's number. */
export const keyOf = ({ messageId, provider, recipient = "" }: Key): string =>
  JSON.stringify([provider, messageId, recipient.replaceAll(/\D/g, "")])

/** Returns the key of a message as text, regardless of the recipient. */
export const messageKeyOf = ({ messageId, provider }: Key): string => keyOf({ provider, messageId })
