/**
 * Checks and decodes VoiceMeUp's webhooks with plain synchronous functions and
 * without Effect. It needs no cryptography, and runs on every runtime.
 *
 * @since 0.1.0
 */
import { type Core, makeCore, type Received, type Verified } from "../../provider/core/receive.ts"
import type { Refused } from "../../provider/core/refusal.ts"
import { dialect, type Options } from "./dialect.ts"

export { acknowledgement } from "./dialect.ts"
export type { Core, Options, Received, Refused, Verified }

/**
 * Makes the core. Throws a `TypeError` for an empty token, and a `RangeError` for
 * an unknown time zone.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): Core => makeCore(dialect(options), () => ({ _tag: "Verified" }))
