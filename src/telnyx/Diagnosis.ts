/**
 * Diagnoses a refused signature by finding a change of the request that
 * matches.
 *
 * Nearly every refused webhook of a real account passed through a framework
 * that re-serialized the body: the same JSON in different bytes. Serializing it
 * in the styles of common JSON encoders finds the signed bytes, unless members
 * were reordered or numbers rewritten.
 */
import * as Effect from "effect/Effect"
import type { Payload } from "../Payload.ts"
import { parseJson } from "../provider/Body.ts"
import { utf8 } from "../provider/Secrets.ts"
import { signedText } from "./SignedText.ts"

type Named<A> = readonly [name: string, value: A]

const lineFeed = 0x0a
const carriageReturn = 0x0d

const withOtherEnd = (body: Uint8Array): Named<Uint8Array> =>
  body.at(-1) === lineFeed
    ? ["the body without its last line break", body.subarray(0, body.at(-2) === carriageReturn ? -2 : -1)]
    : ["the body with a line break at its end", Uint8Array.from([...body, lineFeed])]

const escapeSlashes = (json: string): string => json.replaceAll("/", String.raw`\/`)

const escapeNonAscii = (json: string): string =>
  json.replace(/[\u0080-\uffff]/g, (unit) => String.raw`\u` + unit.charCodeAt(0).toString(16).padStart(4, "0"))

/**
 * Adds a space after each comma and colon. JSON strings contain no raw line
 * breaks, so every line break is layout.
 */
const spaced = (value: Payload): string =>
  JSON.stringify(value, null, 1)
    .replace(/([[{])\n */g, "$1")
    .replace(/\n *([\]}])/g, "$1")
    .replace(/,\n */g, ", ")

const spellings = (value: Payload): ReadonlyArray<Named<string>> => {
  const compact = JSON.stringify(value)
  const loose = spaced(value)
  return [
    ["the body as JSON without white space", compact],
    ["the body as JSON without white space, with / escaped", escapeSlashes(compact)],
    ["the body as JSON without white space, with all but ASCII escaped", escapeNonAscii(compact)],
    ["the body as JSON with spaces after commas and colons", loose],
    ["the body as JSON with spaces after commas and colons, with all but ASCII escaped", escapeNonAscii(loose)]
  ]
}

/**
 * Returns the serializations that differ from the body and from each other.
 * JSON nested too deep to serialize has none.
 */
const rewritten = (body: Uint8Array): Effect.Effect<ReadonlyArray<Named<Uint8Array>>> =>
  parseJson(body).pipe(
    Effect.flatMap((value) => Effect.try(() => spellings(value))),
    Effect.orElseSucceed((): ReadonlyArray<Named<string>> => []),
    Effect.map((spellings) => {
      const seen = new Set([new TextDecoder().decode(body)])
      return spellings
        .filter(([, json]) => !seen.has(json) && seen.add(json))
        .map(([name, json]): Named<Uint8Array> => [`${name}; verify the bytes as received, before parsing`, utf8(json)])
    })
  )

/** Returns the texts that may have been signed instead, each with a description. */
export const variants = (timestamp: string, body: Uint8Array): Effect.Effect<ReadonlyArray<Named<Uint8Array>>> =>
  Effect.map(rewritten(body), (rewritten) => [
    ...[withOtherEnd(body), ...rewritten].map(([name, body]): Named<Uint8Array> => [name, signedText(timestamp, body)]),
    ["the body without the timestamp before it", body],
    ["the timestamp and the body with a dot between them instead of |", signedText(timestamp, body, ".")]
  ])
