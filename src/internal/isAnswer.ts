import * as Context from "effect/Context"

/**
 * Whether the message that is being sent is the confirmation of an opt-out or the
 * answer to a HELP. `Consent` sets it once the ledger says so: the purpose of a
 * message is only what its caller says.
 */
export const IsAnswer: Context.Reference<boolean> = Context.Reference("effect-sms/IsAnswer", {
  defaultValue: () => false
})
