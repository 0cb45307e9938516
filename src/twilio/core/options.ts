/** The options of Twilio's core. */
import type { Options as Common, Secrets } from "../../provider/core/receive.ts"

export interface Options extends Common {
  /**
   * The primary auth token of the account that owns the number, or several
   * during a rotation.
   */
  readonly authToken: Secrets
  /** The accounts whose webhooks are accepted: `AC…`. All by default. */
  readonly webhookAccounts?: ReadonlyArray<string> | undefined
}
