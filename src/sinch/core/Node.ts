/**
 * Verifies and decodes Sinch's webhooks with plain synchronous functions, on Node
 * and without Effect.
 *
 * @since 0.1.0
 */
import { syncCrypto } from "../../internal/nodeSyncCrypto.ts"
import { now as systemTime } from "../../provider/core/now.ts"
import { type Core, makeCore, type Received, secretsOf, type Verified } from "../../provider/core/receive.ts"
import type { Refused } from "../../provider/core/refusal.ts"
import { dialect, type Options, toleranceOf, type Verification } from "./dialect.ts"
import { verifySync } from "./verify.ts"

export { acknowledgement } from "./dialect.ts"
export type { Core, Options, Received, Refused, Verification, Verified }

/**
 * Makes the core. Throws a `TypeError` for an empty secret.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): Core => {
  const { now = systemTime, verification } = options
  if (verification.scheme === "None") return makeCore(dialect(options), () => ({ _tag: "Verified" }))
  const { scheme, secret } = verification
  const encoder = new TextEncoder()
  const hash = scheme === "HmacSha256" ? "sha256" : "sha1"
  const tags = secretsOf("secret", secret).map((secret) => syncCrypto.hmac(hash, encoder.encode(secret)))
  const verify = verifySync(scheme, tags, toleranceOf(verification))
  return makeCore(dialect(options), (request) => verify(request, now))
}
