/**
 * Plays VoiceMeUp for the emulator: `queue_sms`, and webhooks that come in
 * several parts.
 */
import { type ApiReply, type Call, type Emulation, notEmulated, retryAfter } from "../../provider/Emulation.ts"
import * as Account from "./account.ts"
import { codeOf, formOf, queue, recipientOf, refused } from "./send.ts"
import { forge, inbound, media } from "./webhooks.ts"

/** The page in the place of an answer, while the API is out of order. */
const page = (status: number, headers?: Readonly<Record<string, string>>): ApiReply => ({
  status,
  headers: { "content-type": "text/html", ...headers },
  body: "<html><body><h1>Maintenance</h1></body></html>"
})

export const emulation: Emulation = {
  isHost: (host) => /^(?:dev-)?clients\.voicemeup\.com$/.test(host),
  make: (options) => {
    const account = Account.make(options)
    return {
      env: {
        VOICEMEUP_BASE_URL: options.baseUrl,
        VOICEMEUP_USERNAME: account.username,
        VOICEMEUP_AUTH_TOKEN: account.authToken,
        VOICEMEUP_WEBHOOK_TOKEN: account.webhookToken,
        VOICEMEUP_TIME_ZONE: Account.timeZone,
        VOICEMEUP_FROM: options.network.numbers[0]!
      },
      call: (request): Call => {
        const { method, path } = request
        if (method !== "POST" || path !== "/api/v1.1/json/queue_sms") return notEmulated(`${method} ${path}`)
        const form = formOf(account, request)
        const to = recipientOf(form)
        return {
          operation: "queue_sms",
          kind: "send",
          numbers: to === undefined ? [] : [to],
          run: () => queue(account, form)
        }
      },
      media: media(account),
      refuse: (refusal) => {
        switch (refusal._tag) {
          case "Refused":
            return refused(codeOf(refusal.reason), refusal.reason)
          case "Failed":
            return page(refusal.status)
          case "RateLimited":
            return page(429, retryAfter(refusal))
        }
      },
      inboundId: () => Account.generateId(options.network.random),
      codeOf,
      // VoiceMeUp has no delivery reports.
      report: () => undefined,
      inbound: inbound(account),
      sign: () => ({}),
      forge: forge(account),
      // Neither the time for an answer nor repetitions are documented.
      timeout: () => 15_000,
      retry: () => undefined
    }
  }
}
