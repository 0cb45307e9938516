/**
 * @title A message gateway
 *
 * The server sends for programs that know nothing of carriers: they have the
 * client that is derived from its definition. Each message has an idempotency
 * key, so a program that lost the answer can ask again. Here the carrier is the
 * mock, which refuses one recipient. Replace it by `Twilio.layerConfig`, or run
 * `npx effect-sms serve`, and the client stays as it is.
 */
import { NodeCrypto, NodeHttpClient, NodeHttpServer } from "@effect/platform-node"
import { Console, Effect, Layer, Redacted, References } from "effect"
import {
  Address,
  DeliveryStore,
  DeliveryTracker,
  MessagesClient,
  MessagesServer,
  RoomKit,
  SmsError,
  SmsProviders,
  SmsRouter
} from "effect-sms"
import { MockSmsProvider } from "effect-sms/testing"
import { HttpServer } from "effect/http"
import { createServer } from "node:http"

const token = Redacted.make("the admin token of the server")

const Carrier = MockSmsProvider.layer({
  respond: ({ to }) => to.endsWith("0199") ? Effect.fail(new SmsError.OptedOut({ code: "21610" })) : Effect.void
})

const Server = MessagesServer.serve({ adminToken: token }, { disableLogger: true, disableListenLog: true }).pipe(
  Layer.provide([RoomKit.layer(), SmsRouter.layer()]),
  Layer.provide(SmsProviders.layer(Carrier)),
  // Below both: the router says what was sent, the kit what the carrier reports of it.
  Layer.provide(Layer.provide(DeliveryTracker.layer(), DeliveryStore.layerStoreMemory())),
  Layer.provideMerge(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 })),
  Layer.provide(NodeCrypto.layer)
)

const Client = Layer.unwrap(Effect.map(HttpServer.HttpServer, ({ address }) =>
  MessagesClient.layer({
    baseUrl: HttpServer.formatAddress(address),
    token
  }))).pipe(Layer.provide(NodeHttpClient.layerUndici))

/** The program that sends: all that it knows of is the client. */
const program = Effect.gen(function*() {
  const messages = yield* MessagesClient.MessagesClient
  const order = (number: number, to: string, text: string) =>
    messages.send({
      payload: { to: Address.Address.make(to), text },
      headers: { "idempotency-key": `order-${number}` }
    })

  for (let attempt = 0; attempt < 2; attempt++) {
    const sent = yield* order(17, "+15145550142", "Your parcel is on its way.")
    // A message with `queue: true` has an intent in the place of a receipt.
    if ("messageIds" in sent) yield* Console.log(`sent ${sent.messageIds[0]} through ${sent.provider}`)
  }
  const { history, status } = yield* messages.get({ params: { id: "mock-1" }, query: {} })
  yield* Console.log(`mock-1 is ${status}, after ${history.length} report`)

  yield* order(17, "+15145550142", "Another text.").pipe(
    Effect.catchTag("Conflict", ({ detail }) => Console.log(`conflict: ${detail}`))
  )
  yield* order(18, "+15145550199", "Your parcel is on its way.").pipe(
    Effect.catchTag("UnprocessableContent", ({ code, reason }) => Console.log(`refused: ${reason}, code ${code}`))
  )
})

await Effect.runPromise(program.pipe(
  Effect.provide(Layer.provideMerge(Client, Server)),
  Effect.provideService(References.MinimumLogLevel, "Error")
))

/* Prints:
sent mock-1 through mock
sent mock-1 through mock
mock-1 is queued, after 1 report
conflict: idempotency-key: expected a new key, because this one was used with a different message
refused: OptedOut, code 21610
*/
