/**
 * Diagnoses a refused signature by finding a change of the request that
 * matches.
 *
 * The candidates are a body that a framework re-serialized, and a secret that
 * was pasted with a line break or decoded from Base64, as Sinch's Voice API
 * does. The first match is reported to the operator.
 */
import * as Mac from "effect/crypto/Mac"
import * as Effect from "effect/Effect"
import * as Base64Url from "effect/encoding/Base64Url"
import * as Hex from "effect/encoding/Hex"
import * as Result from "effect/Result"
import { parseJson } from "../provider/Body.ts"
import { fromBase64, list, type Secrets, utf8 } from "../provider/Secrets.ts"

type Named<A> = readonly [name: string, value: A]

const fromHex = (text: string): Uint8Array | undefined => {
  const decoded = Hex.decode(text)
  return Result.isSuccess(decoded) ? decoded.success : undefined
}

/** Builds the keys that a misconfigured secret may stand for. */
export const suspectKeys = Effect.fnUntraced(function*(algorithm: Mac.Algorithm, secrets: Secrets) {
  const keys: Array<Named<Mac.Key>> = []
  for (const secret of yield* list("Sinch", secrets)) {
    keys.push(["", yield* Mac.key(algorithm, utf8(secret))])
    const trimmed = secret.trim()
    if (trimmed !== secret) {
      keys.push(["the secret without the white space around it", yield* Mac.key(algorithm, utf8(trimmed))])
    }
    const decoded = fromBase64(trimmed)
    if (decoded !== undefined && decoded.length > 0) {
      keys.push(["the secret decoded from Base64", yield* Mac.key(algorithm, decoded)])
    }
  }
  return keys
})

/** Returns the tags that the header may stand for, the scheme's own encoding first. */
const tagsOf = (signature: string, tag: Uint8Array | undefined): ReadonlyArray<Named<Uint8Array>> => {
  const tags: Array<Named<Uint8Array>> = tag === undefined ? [] : [["", tag]]
  const hex = fromHex(signature.toLowerCase())
  if (hex !== undefined) tags.push(["the header read as hex", hex])
  const lenient = Base64Url.decode(signature.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""))
  if (tag === undefined && Result.isSuccess(lenient)) {
    tags.push(["the header read as Base64 without padding or for URLs", lenient.success])
  }
  return tags
}

const trimEnd = (body: Uint8Array): Uint8Array => {
  let end = body.length
  while (end > 0 && [0x20, 0x0a, 0x0d, 0x09].includes(body[end - 1]!)) end--
  return body.subarray(0, end)
}

const bodiesOf = Effect.fnUntraced(function*(body: Uint8Array) {
  const bodies: Array<Named<Uint8Array>> = [["", body]]
  const trimmed = trimEnd(body)
  if (trimmed.length < body.length) bodies.push(["the body without the white space at its end", trimmed])
  // `JSON.stringify` can overflow the stack where parsing did not.
  const compact = yield* Effect.option(
    Effect.flatMap(parseJson(body), (payload) =>
      Effect.try({
        try: () => utf8(JSON.stringify(payload)),
        catch: () => undefined
      }))
  )
  if (compact._tag === "Some" && !Mac.timingSafeEqual(compact.value, trimmed)) {
    bodies.push(["the body re-serialized as compact JSON", compact.value])
  }
  return bodies
})

/**
 * Returns a description of the first match, if any. `texts` returns the texts
 * that may have been signed with a body.
 */
export const search = Effect.fnUntraced(function*(options: {
  readonly body: Uint8Array
  readonly signature: string
  /** The signature as decoded by the scheme. */
  readonly tag: Uint8Array | undefined
  readonly keys: ReadonlyArray<Named<Mac.Key>>
  readonly texts: (body: Uint8Array) => ReadonlyArray<Named<Uint8Array>>
}): Effect.fn.Return<string | undefined, never, Mac.Mac> {
  const mac = yield* Mac.Mac
  const tags = tagsOf(options.signature, options.tag)
  for (const [bodyName, body] of yield* bodiesOf(options.body)) {
    for (const [textName, text] of options.texts(body)) {
      for (const [keyName, key] of options.keys) {
        for (const [tagName, tag] of tags) {
          if (!(yield* Effect.orDie(mac.verify(key, tag, text)))) continue
          // Without a description, the unchanged request matches: it was refused for another reason.
          return [bodyName, textName, keyName, tagName].filter((name) => name !== "").join(" and ") || undefined
        }
      }
    }
  }
  return undefined
})
