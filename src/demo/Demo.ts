/**
 * Shows the server at work: plays the webhooks to it over HTTP and prints what
 * came out.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Redacted from "effect/Redacted"
import * as Content from "../Content.ts"
import { partsKey } from "../mms/internal/window.ts"
import type { RoomEvent } from "../rooms/RoomEvent.ts"
import { RoomKit } from "../rooms/RoomKit.ts"
import type { Credentials } from "./Credentials.ts"
import * as Webhooks from "./Webhooks.ts"

const send = Effect.fnUntraced(function*(webhook: Webhooks.Webhook) {
  const request = HttpClientRequest.post(webhook.url).pipe(
    HttpClientRequest.setBody(HttpBody.text(webhook.body)),
    HttpClientRequest.setHeaders(webhook.headers)
  )
  const response = yield* HttpClient.execute(request)
  yield* response.text
  return response.status
})

const describe = (content: Content.Content): string => {
  const files = Content.media(content).map(({ mimeType }) => `[${mimeType ?? "file"}]`)
  const text = Content.text(content)
  return [...(text === "" ? [] : [JSON.stringify(text)]), ...files].join(" ")
}

const isOf = (messageId: string) => ({ source: { externalId, metadata } }: RoomEvent) =>
  externalId === messageId || metadata[partsKey]?.split(" ").includes(messageId) === true

/** What the kit knows of the message, in a few words. */
const outcome = Effect.fnUntraced(function*(messageId: string, answer: number) {
  const kit = yield* RoomKit
  for (const [index, room] of (yield* kit.rooms).toReversed().entries()) {
    const event = (yield* kit.events(room.id)).find(isOf(messageId))
    if (event !== undefined) {
      const { channelType, participant } = event.source
      return `room ${index + 1}: ${channelType} from ${participant}, ${describe(event.content)}`
    }
  }
  const status = (yield* kit.statuses).find((status) => status.messageId === messageId)
  if (status === undefined) {
    return answer === 200 ? "kept: waits for its file" : "refused: in no room, and no handler saw it"
  }
  const error = status.errorCode === undefined ? "" : ` (${status.errorCode} ${status.errorMessage ?? ""})`
  return `message to ${status.recipient} is ${status.status}${error}`
})

const table = (rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ")}`.trimEnd()).join(
    "\n"
  )
}

const next = (base: string, credentials: Credentials) => `
The server stays up. Try next:

  curl ${base}/health
  curl -H 'Authorization: Bearer ${Redacted.value(credentials.adminToken)}' ${base}/rooms
  curl -H 'content-type: application/json' \\
    -d '{"source_number":"15145550199","destination_number":"15145550100","message":"Hello from curl"}' \\
    '${base}/webhooks/sms/voicemeup/inbound?token=${Redacted.value(credentials.voicemeupToken)}'

  ${base}/docs has the whole API.

To receive from your own carriers, set their variables and start again, for
example TWILIO_AUTH_TOKEN and PUBLIC_URL. The README lists all. Ctrl-C ends.
`

/**
 * Plays every webhook and prints a line for each.
 */
export const play = Effect.fnUntraced(function*(credentials: Credentials, base: string) {
  yield* Console.log(`
effect-sms listens on ${base}

No carrier is configured. So this run made up credentials, and now plays the
webhooks of each carrier to itself over HTTP: signed as the carrier signs them,
and one forged, whose content was changed after signing (for VoiceMeUp, which
signs nothing: with a wrong token). The warnings are the operator's log of those.
`)
  const webhooks = yield* Webhooks.all(credentials, base)
  const rows = yield* Effect.forEach(webhooks, (webhook) =>
    Effect.gen(function*() {
      const status = yield* send(webhook)
      return [webhook.carrier, webhook.kind, String(status), yield* outcome(webhook.messageId, status)]
    }))
  yield* Console.log(table([["CARRIER", "WEBHOOK", "ANSWER", "WHAT CAME OUT"], ...rows]))
  yield* Console.log(next(base, credentials))
})
