/**
 * The reason of an intent, in the terms of `MessageProblems.Reason`.
 */
import type { SmsError } from "../../SmsError.ts"

/** Returns why an intent was refused or is unknown, if a reason is stored. */
export const reasonOf = ({ error, refusal }: {
  readonly error?: SmsError | undefined
  readonly refusal?: string | undefined
}): string | undefined => error?.reason._tag ?? (refusal === "SendBlocked" ? "Blocked" : refusal)
