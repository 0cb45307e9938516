/**
 * The resend of a send with an unknown outcome: an intent of its own, whose key
 * names the first one. Pure.
 */

/** What `resolvedBy` is while a process resends the message. It is no decision yet: a refusal takes it back. */
export const resending = "operator: resending"

/** What `resolvedBy` is once a carrier accepted the resend. */
export const resent = "operator: resent"

/** Returns whether an intent can be resent. An earlier resend that was not accepted may have left its claim. */
export const isResendable = (
  { resolvedBy, state }: { readonly state: string; readonly resolvedBy?: string | undefined }
): boolean => state === "unknown" && (resolvedBy === undefined || resolvedBy === resending)

const prefix = "resend of "

/** Returns the key of the resend of an intent. It is the same for all of them, so that only one goes out. */
export const keyOf = (id: string): string => `${prefix}${id}`

/** Returns the id of the intent that an intent resends. Keys of callers over HTTP have no spaces. */
export const originOf = ({ key }: { readonly key?: string | undefined }): string | undefined =>
  key?.startsWith(prefix) === true ? key.slice(prefix.length) : undefined
