/**
 * Errors in words.
 */

/** What the errors of the client have in common. */
interface Problem {
  readonly _tag: string
  readonly title?: string | undefined
  readonly detail?: string | undefined
  readonly reason?: unknown
}

/** Returns what went wrong, for the person who reads it. */
export const messageOf = (error: Problem): string => {
  if (error._tag === "HttpClientError") return "The server cannot be reached."
  if (error._tag === "SchemaError") return "The server answered with something that this page does not understand."
  if (error.detail !== undefined) return `${error.detail}.`.replace(/\.\.$/, ".")
  return `${error.title ?? error._tag}.`
}
