/**
 * Sends with `queue_sms` of VoiceMeUp's API 1.1. The form, the hosts and the
 * answers are those of its one public client
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
  // Nobody says what is counted: UTF-16 code units are never fewer than characters.
  maxLength: 1000,
  senders: ["PhoneNumber"],
  choosesSender: false,
  recipients: ["PhoneNumber"],
  options: []
}

const hosts: Readonly<Record<string, string>> = {
  production: "https://clients.voicemeup.com",
  sandbox: "https://dev-clients.voicemeup.com"
}

/** A name that is none of the two must not reach production. */
const hostOf = ({ baseUrl, environment = "production" }: SenderOptions) => {
  const host = Wire.lookup(hosts, environment)
  return host === undefined
    ? Effect.fail(new Cause.IllegalArgumentError("environment: expected production or sandbox"))
    : Effect.succeed(baseUrl ?? host)
}

/** The credentials are in the body: an address ends up in logs. */
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

/** The state and the messages of an answer. */
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

/** An error that names a queued message contradicts itself, and proves nothing. */
const isRefusal = (body: unknown): boolean => {
  const { id, status } = answerOf(body)
  return status === "error" && id === undefined
}

const words = (body: unknown): Sending.Words => {
  const { _content: detail, code } = answerOf(body).messages.find(({ code }) => code !== undefined) ?? {}
  return { code, detail, refusal: code === undefined ? undefined : refusalOf(code) }
}

/** Makes the sending of a user. Fails when the token is empty, and when there is no such environment. */
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
