/**
 * @title Sending
 *
 * One provider, and the three outcomes of a send: a receipt, a refusal that
 * proves that nothing went out, and an outcome that nobody knows. A server on
 * this machine plays Twilio.
 */
import { NodeCrypto, NodeHttpClient } from "@effect/platform-node"
import { Console, Effect, Layer, Redacted } from "effect"
import { Address, Content, Message, SmsProvider, Twilio } from "effect-sms"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

/** Accepts what is sent, but to one number that has opted out and one that makes it hang up. */
const carrier = Effect.acquireRelease(
  Effect.callback<ReturnType<typeof createServer>>((resume) => {
    const server = createServer((request, response) => {
      let body = ""
      request.on("data", (chunk) => body += chunk)
      request.on("end", () => {
        const form = new URLSearchParams(body)
        const answer = (status: number, json: unknown) => response.writeHead(status).end(JSON.stringify(json))
        switch (form.get("To")) {
          case "+15145550143":
            return answer(400, { code: 21610, message: `${form.get("To")} has opted out` })
          case "+15145550144":
            return response.socket?.destroy()
          default:
            return answer(201, { sid: "SM1", status: "queued", num_segments: "1", from: form.get("From") })
        }
      })
    }).listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
  }),
  (server) => Effect.sync(() => server.close())
)

const Provider = Layer.unwrap(Effect.map(carrier, (server) =>
  Twilio.layer({
    accountSid: "AC0123456789abcdef0123456789abcdef",
    authToken: Redacted.make("secret"),
    from: Address.Address.make("+15145550100"),
    longText: "split",
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })))

const send = (to: string, content: Content.Content) =>
  SmsProvider.SmsProvider.use((provider) =>
    provider.send(new Message.OutboundMessage({ to: Address.Address.make(to), content }))
  ).pipe(
    Effect.flatMap(({ messageIds, status }) => Console.log(`${status}: ${messageIds.join(", ")}`)),
    Effect.catchTag(
      "SmsError",
      (error) =>
        Console.log(error.reason._tag === "OutcomeUnknown" ? `unknown: ${error.message}` : `refused: ${error.message}`)
    )
  )

const program = Effect.gen(function*() {
  yield* send("+15145550142", new Content.TextContent({ text: "Your order is on its way" }))
  yield* send("+15145550142", new Content.MediaContent({ url: "https://example.com/map.png", caption: "Here" }))
  yield* send("+15145550143", new Content.TextContent({ text: "Still interested?" }))
  yield* send("+15145550144", new Content.TextContent({ text: "Hello?" }))
  yield* send("ACME", new Content.TextContent({ text: "Hello?" }))
})

await Effect.runPromise(
  program.pipe(Effect.provide(Provider), Effect.provide([NodeCrypto.layer, NodeHttpClient.layerUndici]), Effect.scoped)
)

/* Prints:
queued: SM1
queued: SM1
refused: twilio: The recipient has opted out (code 21610, HTTP 400)
unknown: twilio: The outcome is unknown and the message may have been sent: ConnectionLost
refused: twilio: to: expected a phone number as + and digits, with its country code, or a short code of three to eight digits, or a channel address as a scheme and a number, as in whatsapp:+…
*/
