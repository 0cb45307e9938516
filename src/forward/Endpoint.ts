/**
 * The addresses of applications that events are forwarded to.
 *
 * @since 0.1.0
 */
import type * as Redacted from "effect/Redacted"

/**
 * An address that events are forwarded to.
 *
 * @category models
 * @since 0.1.0
 */
export interface Endpoint {
  /** The name in logs, lists and the database: the URL without credentials, query and fragment. */
  readonly name: string
  readonly url: URL
  /** The secrets that sign, the newest first: each is `whsec_` and Base64. */
  readonly secrets: readonly [Redacted.Redacted<string>, ...Array<Redacted.Redacted<string>>]
}

/**
 * Builds an endpoint. Its name has no part of the URL that may be secret.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (url: URL, secrets: Endpoint["secrets"]): Endpoint => ({
  name: `${url.origin}${url.pathname}`,
  url,
  secrets
})

/**
 * Returns what is wrong with the URL of an endpoint, or `undefined`.
 *
 * @category guards
 * @since 0.1.0
 */
export const flawOf = (url: string, allowPrivate: boolean): string | undefined => {
  const parsed = URL.parse(url)
  if (parsed === null) return "must be a URL, as in https://app.example.com/sms"
  if (parsed.protocol !== "https:" && !(allowPrivate && parsed.protocol === "http:")) {
    return "must begin with https://, or with http:// where FORWARD_ALLOW_PRIVATE=true"
  }
  return parsed.username !== "" || parsed.hash !== ""
    ? "must have no user, password and fragment"
    : undefined
}
