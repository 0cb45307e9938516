import { Effect, Schema } from "effect"
import { Secrets, type Sending, Wire } from "effect-sms/provider"
import type { CryptoError } from "effect/crypto"
import { HttpClientRequest } from "effect/http"
import type { SenderOptions } from "./Carrier.ts"

const capabilities: Sending.SendCapabilities = {
  maxMedia: 3,
  maxLength: 1000,
  senders: ["PhoneNumber", "ShortCode"],
  choosesSender: false,
  recipients: ["PhoneNumber"],
  options: ["statusCallback"]
}

const refusals = Wire.tableOf({ InvalidRecipient: ["no_such_number"], OptedOut: ["opted_out"] })

const readAccepted = Wire.reader(Schema.Struct({ id: Schema.NonEmptyString, state: Wire.Text }))
const readRefused = Wire.reader(Schema.Struct({ code: Wire.OptionalText, message: Wire.OptionalText }))

const bodyOf = ({ from, media, message, text, to }: Sending.Part, options: SenderOptions): string => {
  const files = media.map(({ url }) => url)
  return JSON.stringify({ from, to, text, files, report_to: message.statusCallback ?? options.statusCallback })
}

export const make = Effect.fnUntraced(function*(
  options: SenderOptions
): Effect.fn.Return<Sending.CarrierSending, CryptoError.CryptoError> {
  const { apiKey, baseUrl = "https://api.acme.example" } = options
  yield* Secrets.list("Acme", apiKey)
  const request = HttpClientRequest.post(`${baseUrl}/messages`).pipe(HttpClientRequest.bearerToken(apiKey))
  return {
    capabilities,
    secrets: [apiKey],
    request: (part) => Effect.succeed(HttpClientRequest.bodyText(request, bodyOf(part, options), "application/json")),
    accepted: (body, { from }) => {
      const answer = readAccepted(body)
      return answer && { messageId: answer.id, status: "queued", carrierStatus: answer.state, sender: from }
    },
    words: (body) => {
      const { code, message: detail } = readRefused(body) ?? {}
      return { code, detail, refusal: code === undefined ? undefined : Wire.lookup(refusals, code) }
    }
  }
})
