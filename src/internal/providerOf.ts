import type { SendReceipt } from "../Message.ts"
import type { SmsError } from "../SmsError.ts"

/** Returns the provider that answered a send, or that the send is pinned to. */
export const providerOf = ({ error, provider, receipt }: {
  readonly receipt?: SendReceipt | undefined
  readonly error?: SmsError | undefined
  readonly provider?: string | undefined
}): string | undefined =>
  receipt?.provider ?? (error === undefined || error.provider === "" ? provider : error.provider)
