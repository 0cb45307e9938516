/**
 * @title Verifying inside another framework
 *
 * An application that is not built on Effect needs one async function: it takes
 * the bytes of a request and gives the events, or the reason for the refusal.
 * Here the framework is Node's own http module; for Express, read the body with
 * `express.raw({ type: "*\/*" })`, because a parsed body cannot be verified.
 */
import { NodeCrypto } from "@effect/platform-node"
import { Effect, Layer, ManagedRuntime, Redacted } from "effect"
import { Content, SmsProvider, Twilio, type WebhookEvent, WebhookRequest } from "effect-sms"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { buffer } from "node:stream/consumers"

const authToken = Redacted.make("the auth token of the account")
const publicUrl = "https://sms.example.com"

const runtime = ManagedRuntime.make(
  Layer.provideMerge(Twilio.layerWebhook({ authToken }), NodeCrypto.layer)
)

type Received =
  | { readonly status: 200; readonly events: ReadonlyArray<WebhookEvent.WebhookEvent>; readonly answer: string }
  | { readonly status: number; readonly events?: never; readonly answer?: never }

/** The plain async function. */
const receive = (input: WebhookRequest.Input): Promise<Received> =>
  runtime.runPromise(
    Effect.gen(function*() {
      const twilio = yield* SmsProvider.SmsProvider
      const events = yield* twilio.decode(yield* twilio.verify(WebhookRequest.make(input)))
      return { status: 200, events, answer: twilio.acknowledgement.body } as const
    }).pipe(
      // error.message tells an operator what is wrong. The caller learns the status only.
      Effect.catchTag("WebhookError", (error) => Effect.succeed({ status: error.status }))
    )
  )

const server = createServer(async (request, response) => {
  const received = await receive({
    method: request.method,
    url: publicUrl + request.url,
    headers: request.headers,
    body: await buffer(request)
  })
  for (const event of received.events ?? []) {
    if (event._tag === "InboundMessage") console.log(`received ${JSON.stringify(Content.text(event.content))}`)
  }
  response.writeHead(received.status, { "content-type": "text/xml" }).end(received.answer)
})

await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
const { port } = server.address() as AddressInfo

const signed = await runtime.runPromise(Twilio.signWebhook({
  authToken,
  url: `${publicUrl}/sms`,
  form: { MessageSid: "SM1", SmsStatus: "received", From: "+15145550142", To: "+15145550100", Body: "Hello!" }
}))
const post = async (body: string) =>
  (await fetch(`http://127.0.0.1:${port}/sms`, { method: "POST", headers: signed.headers, body })).status

const body = Buffer.from(signed.body).toString()
console.log(`as signed: ${await post(body)}`)
console.log(`changed: ${await post(body.replace("Hello", "Goodbye"))}`)

server.close()
await runtime.dispose()

/* Prints:
received "Hello!"
as signed: 200
changed: 403
*/
