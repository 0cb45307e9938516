/**
 * Verification of a webhook that may have been sent to one of several URLs.
 */
import * as Effect from "effect/Effect"
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
export const verifyAny = (
  provider: Provider,
  request: WebhookRequest,
  [first, ...others]: readonly [Candidate, ...Array<Candidate>]
): Effect.Effect<VerifiedWebhook, WebhookError> => {
  // There is one, and its URL is that of the request.
  if (first.base === undefined) return provider.verify(request)
  const signsUrl = provider.capabilities.receive?.verification.covers.includes("url") === true
  const verify = ({ base, isNamed, url }: Candidate): Effect.Effect<VerifiedWebhook, WebhookError> => {
    const verified = provider.verify({ ...request, url })
    return base !== undefined && (signsUrl || isNamed) ? Effect.tap(verified, () => logMatch(provider, base)) : verified
  }
  const refused = (error: WebhookError) => {
    if (!signsUrl || error.reason._tag !== "InvalidSignature") return Effect.fail(error)
    const tried = others.reduceRight(
      (rest, other) => Effect.catch(verify(other), () => rest),
      Effect.fail(error) as Effect.Effect<VerifiedWebhook, WebhookError>
    )
    return tried
  }
  return Effect.catch(verify(first), refused)
}
