/**
 * Verifies the secret token in the callback URL, which VoiceMeUp uses instead
 * of a signature.
 */
import type * as CryptoError from "effect/crypto/CryptoError"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { list, matcher, type Secrets } from "../provider/Secrets.ts"
import { percentDecoded, queryOf } from "../provider/Url.ts"
import { InvalidSignature, MissingSignature, type WebhookErrorReason } from "../WebhookError.ts"
import * as Request from "../WebhookRequest.ts"
import type { Verification } from "./Config.ts"

const defaultParameter = "token"

/**
 * Builds the callback URL with the token in its query. Enter it in VoiceMeUp's
 * portal, under both "Callback URL" fields of the number. Of several tokens,
 * the first is used.
 *
 * @category signing
 * @since 0.1.0
 */
export const callbackUrl = Effect.fnUntraced(function*(options: {
  readonly url: string
  readonly token: Secrets
  readonly parameter?: string | undefined
}): Effect.fn.Return<string, CryptoError.CryptoError> {
  const [token] = yield* list("VoiceMeUp", options.token)
  const query = new URLSearchParams([[options.parameter ?? defaultParameter, token!]])
  return `${options.url}${options.url.includes("?") ? "&" : "?"}${query}`
})

/**
 * Builds a webhook as VoiceMeUp sends it: JSON, with the token in its URL. For
 * tests of an application that receives them.
 *
 * @category signing
 * @since 0.1.0
 */
export const signWebhook = Effect.fnUntraced(function*(options: {
  readonly token: Secrets
  readonly url: string
  readonly payload: object
}): Effect.fn.Return<Request.WebhookRequest, CryptoError.CryptoError> {
  return Request.make({
    url: yield* callbackUrl(options),
    body: JSON.stringify(options.payload),
    headers: { "content-type": "application/json" }
  })
})

const valuesOf = (url: string, parameter: string): ReadonlyArray<string> =>
  new URLSearchParams(queryOf(url).slice(1)).getAll(parameter)

/** Common misconfigurations of a token, each with the fix to suggest. */
const corrections = (given: string): ReadonlyArray<readonly [string, string]> => {
  return [
    ["the token without the white space around it", given.trim()],
    ["the token percent-decoded once more", percentDecoded(given)],
    ["the token with + in place of its spaces: write + as %2B in the callback URL", given.replaceAll(" ", "+")]
  ]
}

/** The scheme `None`: accepts every request, so there is no refusal to diagnose. */
const unchecked = { verify: () => Effect.void, diagnose: () => Effect.undefined }

/** Builds the check of the chosen scheme, and the diagnosis of a mismatch. */
export const make = Effect.fnUntraced(function*(verification: Verification) {
  if (verification.scheme === "None") return unchecked

  const parameter = verification.parameter ?? defaultParameter
  const tokens = yield* list("VoiceMeUp", verification.token)
  const matches = yield* matcher("VoiceMeUp", verification.token)
  const matchesTrimmed = yield* matcher("VoiceMeUp", tokens.map((token) => Redacted.make(token.trim())))

  const checkHead = ({ url }: Request.WebhookHead): WebhookErrorReason | undefined =>
    valuesOf(url, parameter)[0] ? undefined : new MissingSignature({ expected: `query parameter ${parameter}` })

  const verify = Effect.fnUntracedEager(
    function*(request: Request.WebhookRequest): Effect.fn.Return<void, WebhookErrorReason> {
      const [given = "", ...others] = valuesOf(request.url, parameter)
      // A proxy that looks at the other one would have let it pass.
      if (others.length > 0 || !(yield* matches(given))) return yield* new InvalidSignature({})
    }
  )

  const diagnose = Effect.fnUntraced(function*(request: Request.WebhookRequest) {
    const [given = "", ...others] = valuesOf(request.url, parameter)
    if (others.length > 0) {
      return (yield* matches(given)) ? `query parameter ${parameter} if it occurs only once` : undefined
    }
    for (const [name, token] of corrections(given)) {
      if (yield* matches(token)) return name
    }
    return (yield* matchesTrimmed(given.trim()))
      ? "the configured token without the white space around it"
      : undefined
  })

  return { checkHead, verify, diagnose }
})
