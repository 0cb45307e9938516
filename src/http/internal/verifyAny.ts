/**
 * Verification of a webhook that may have been sent to one of several URLs.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Service as Provider } from "../../provider/SmsProvider.ts"
import type { WebhookError } from "../../WebhookError.ts"
import type { VerifiedWebhook, WebhookRequest } from "../../WebhookRequest.ts"
import type { Candidate } from "../PublicUrl.ts"

/** What of a configured URL may be in the log: no user name and no password. */
const shown = (base: string): string => {
  const { origin, pathname } = new URL(base)
  return `${origin}${pathname.replace(/\/+$/, "")}`
}

const logMatch = (provider: Provider, base: string) =>
  Effect.annotateLogs(Effect.logInfo("Webhook verified"), { provider: provider.name, publicUrl: shown(base) })

/**
 * Verifies a webhook for each of the URLs until one fits, and logs which did
 * where there are several. When none does, the error is about the first. A
 * provider that signs no URL is asked once; then the URL in the log is the one
 * whose host the request names.
 */
export const verifyAny = Effect.fnUntraced(function*(
  provider: Provider,
  request: WebhookRequest,
  [first, ...others]: readonly [Candidate, ...Array<Candidate>]
): Effect.fn.Return<VerifiedWebhook, WebhookError> {
  const signsUrl = provider.capabilities.receive?.verification.covers.includes("url") === true
  const verify = Effect.fnUntraced(function*({ base, isNamed, url }: Candidate) {
    const webhook = yield* provider.verify({ ...request, url })
    if (base !== undefined && (signsUrl || isNamed)) yield* logMatch(provider, base)
    return webhook
  })
  const verified = yield* Effect.result(verify(first))
  if (Result.isSuccess(verified)) return verified.success
  const error = verified.failure
  if (signsUrl && error.reason._tag === "InvalidSignature") {
    for (const other of others) {
      const verified = yield* Effect.result(verify(other))
      if (Result.isSuccess(verified)) return verified.success
    }
  }
  return yield* error
})
