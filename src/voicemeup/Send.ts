/**
 * Sends with `queue_sms` of VoiceMeUp's API 1.1. The form, the hosts and the
 * responses are those of its only public client
 * (https://github.com/roomkit-live/roomkit, `src/roomkit/providers/voicemeup`).
 */
import * as Cause from "effect/Cause"
import type * as CryptoError from "effect/crypto/CryptoError"
import * as Effect from "effect/Effect"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Redacted from "effect/Redacted"
import { toCarrierDigits } from "../Address.ts"
import { encodeForm } from "../provider/internal/form.ts"
import { list } from "../provider/Secrets.ts"
import type * as Sending from "../provider/Sending.ts"
import * as Wire from "../provider/Wire.ts"
import type { SenderOptions } from "./Config.ts"
import { refusalOf } from "./Errors.ts"
import * as Schema from "./Schema.ts"

const capabilities: Sending.SendCapabilities = {
  maxMedia: 1,
  // The unit of the limit is not documented. UTF-16 code units are the safe choice: there are never
  // fewer of them than characters.
  maxLength: 1000,
  senders: ["PhoneNumber"],
  choosesSender: false,
  recipients: ["PhoneNumber"],
  options: [],
  // It reports nothing and cannot be asked.
  statusWaits: { queued: [0], unknown: [0] }
}

const hosts: Readonly<Record<string, string>> = {
  production: "https://clients.voicemeup.com",
  sandbox: "https://dev-clients.voicemeup.com"
}

/** Returns the host. An unknown environment fails instead of falling back to production. */
const hostOf = ({ baseUrl, environment = "production" }: SenderOptions) => {
  const host = Wire.lookup(hosts, environment)
  return host === undefined
    ? Effect.fail(new Cause.IllegalArgumentError("environment: expected production or sandbox"))
    : Effect.succeed(baseUrl ?? host)
}

/** Builds the form. The credentials are in the body, because URLs end up in logs. */
const formOf = ({ from, media: [file], text, to }: Sending.Part, { authToken, username }: SenderOptions): string =>
  encodeForm([
    ["username", username],
    ["auth_token", Redacted.value(authToken)],
    ["source_number", from && toCarrierDigits(from)],
    ["destination_number", toCarrierDigits(to)],
    ["message", text === "" ? undefined : text],
    ["attachment", file?.url]
  ])

const readAnswer = Wire.reader(Schema.Answer)
const readMessage = Wire.reader(Schema.AnswerMessage)

/** Reads the status and the messages of a response. */
const answerOf = (body: unknown) => {
  const { response_messages, response_status } = readAnswer(body)?.response_details ?? {}
  const message = response_messages?.["message"]
  const messages = (Array.isArray(message) ? message : [message]).map(readMessage).filter((one) => one !== undefined)
  const id = messages.find(({ code }) => code === "queued_sms_hash")?._content
  return { status: response_status, messages, id }
}

const accepted = (body: unknown, { from }: Sending.Part): Sending.Accepted | undefined => {
  const { id, status } = answerOf(body)
  return status === "success" && id !== undefined
    ? { messageId: id, status: "queued", carrierStatus: status, sender: from }
    : undefined
}

/**
 * Returns whether the response is a refusal. An error that contains the id of a
 * queued message is contradictory, and proves nothing.
 */
const isRefusal = (body: unknown): boolean => {
  const { id, status } = answerOf(body)
  return status === "error" && id === undefined
}

const words = (body: unknown): Sending.Words => {
  const { _content: detail, code } = answerOf(body).messages.find(({ code }) => code !== undefined) ?? {}
  return { code, detail, refusal: code === undefined ? undefined : refusalOf(code) }
}

/** Makes the sending side of a user. Fails when the token is empty or the environment is unknown. */
export const make = Effect.fnUntraced(function*(
  options: SenderOptions
): Effect.fn.Return<Sending.CarrierSending, CryptoError.CryptoError | Cause.IllegalArgumentError> {
  const { authToken } = options
  yield* list("VoiceMeUp", authToken)
  const request = HttpClientRequest.post(`${yield* hostOf(options)}/api/v1.1/json/queue_sms`).pipe(
    HttpClientRequest.acceptJson
  )
  return {
    capabilities,
    secrets: [authToken],
    request: (part) =>
      Effect.succeed(
        HttpClientRequest.bodyText(request, formOf(part, options), "application/x-www-form-urlencoded")
      ),
    accepted,
    isRefusal,
    words
  }
})
