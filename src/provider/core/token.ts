/**
 * A secret in the query of a callback URL.
 */
import { queryOf } from "../Url.ts"
import { invalidSignature, type Reason } from "./refusal.ts"

const encoder = /* @__PURE__ */ new TextEncoder()

/**
 * Compares a text with each of the secrets: byte by byte over the length of the
 * given text, which the caller knows, with each secret repeated to that length.
 */
export const equals = (secrets: ReadonlyArray<string>): (given: string) => boolean => {
  const expected = secrets.map((secret) => encoder.encode(secret))
  return (given) => {
    const bytes = encoder.encode(given)
    let found = 0
    for (const secret of expected) {
      let difference = bytes.length ^ secret.length
      for (let i = 0; i < bytes.length; i++) difference |= bytes[i]! ^ secret[i % secret.length]!
      // All are compared, or the place of the one that fits would take longer.
      found |= Number(difference === 0)
    }
    return found === 1
  }
}

export const valuesOf = (url: string, parameter: string): ReadonlyArray<string> =>
  new URLSearchParams(queryOf(url).slice(1)).getAll(parameter)

/** Returns why a URL has not the secret as its one value of the parameter. */
export const tokenFault = (
  url: string,
  parameter: string,
  matches: (given: string) => boolean
): Reason | undefined => {
  const [given, ...others] = valuesOf(url, parameter)
  if (!given) return { _tag: "MissingSignature", expected: `query parameter ${parameter}` }
  // A proxy that looks at the other one would have let it pass.
  return others.length > 0 || !matches(given) ? invalidSignature : undefined
}
