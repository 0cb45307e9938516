/**
 * @title Re-hosting media for an AI channel
 *
 * The files of VoiceMeUp are on a host whose robots.txt turns away the fetchers
 * of AI providers. A hook fetches each file, stores it, and gives the channels
 * a URL of this server in its place. The carrier's host is played by a local
 * server here, so it is declared as a test host: otherwise only https and public
 * addresses are allowed.
 */
import { NodeCrypto, NodeHttpServer } from "@effect/platform-node"
import { Console, Context, Effect, Layer, Logger, Redacted } from "effect"
import { Channel, Content, MediaServer, MediaStore, RoomKit, SmsProviders, VoiceMeUp } from "effect-sms"
import * as NodeMediaRehosting from "effect-sms/media/NodeMediaRehosting"
import { FetchHttpClient, HttpBody, HttpClient, HttpServer } from "effect/http"
import { createServer } from "node:http"

const token = Redacted.make("the token in the callback URL")
const publicUrl = "https://sms.example.com"
const path = "/webhooks/sms/voicemeup/inbound"
const picture = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
  "base64"
)

/** The carrier's host: whoever asks gets the picture, and robots.txt says who is to ask. */
class Carrier extends Context.Service<Carrier, string>()("example/Carrier") {
  static readonly layer = Layer.effect(
    Carrier,
    Effect.acquireRelease(
      Effect.callback<ReturnType<typeof createServer>>((resume) => {
        const server = createServer((request, response) => {
          if (request.url === "/robots.txt") response.end("User-agent: *\nDisallow: /\n")
          else response.setHeader("content-type", "image/png").end(picture)
        })
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) => Effect.sync(() => server.close())
    ).pipe(Effect.map((server) => {
      const address = server.address()
      return typeof address === "object" && address !== null ? `127.0.0.1:${address.port}` : ""
    }))
  )
}

/** Reads a picture as an AI provider does: not where robots.txt says no. */
const look = Effect.fnUntraced(function*(url: string) {
  const robots = yield* HttpClient.get(new URL("/robots.txt", url))
  if (robots.status === 200 && (yield* robots.text).includes("Disallow: /")) return "refused by robots.txt"
  const file = yield* HttpClient.get(url)
  const { byteLength } = yield* file.arrayBuffer
  return `status ${file.status}, ${file.headers["content-type"]}, ${byteLength} bytes`
}, Effect.provide(FetchHttpClient.layer))

const Ai = RoomKit.layerChannel(Channel.make({
  id: "ai",
  type: "ai",
  everyRoom: true,
  deliver: Effect.fnUntraced(function*({ content }) {
    yield* Console.log(`AI reads ${JSON.stringify(Content.text(content))}`)
    for (const { mimeType, url } of Content.media(content)) {
      yield* Console.log(`AI looks at a file declared as ${mimeType}: ${yield* look(url)}`)
    }
  })
}))

const Rehosting = Layer.unwrap(Effect.map(Carrier, (host) => NodeMediaRehosting.layer({ testHosts: [host] })))

/** In production: FileMediaStore.layer({ directory, baseUrl: `${publicUrl}/media` }), or S3MediaStore.layer. */
const Store = Layer.unwrap(
  Effect.map(
    HttpServer.HttpServer,
    ({ address }) =>
      MediaStore.layerMemory({ baseUrl: `http://127.0.0.1:${"port" in address ? address.port : 0}/media` })
  )
)

const Server = MediaServer.serve({ publicUrl }, { disableLogger: true, disableListenLog: true }).pipe(
  Layer.provide([Rehosting, Ai]),
  Layer.provide([
    RoomKit.layer(),
    SmsProviders.layer(VoiceMeUp.layerWebhook({ verification: { scheme: "Token", token } }))
  ]),
  Layer.provide(Store),
  Layer.provideMerge([Carrier.layer, NodeCrypto.layer, NodeHttpServer.layerTest, Logger.layer([])])
)

const program = Effect.gen(function*() {
  const url = `http://${yield* Carrier}/file/0a1b2c3d.mms.png`
  yield* Console.log(`AI looks at the carrier's URL: ${yield* look(url)}`)

  const response = yield* HttpClient.post(yield* VoiceMeUp.callbackUrl({ url: path, token }), {
    body: HttpBody.jsonUnsafe({
      sms_hash: "0a1b2c3d",
      direction: "inbound",
      source_number: "15145550142",
      destination_number: "15145550100",
      message: "Is this the right part?",
      attachment: url,
      attachment_mime_type: "image/jpeg"
    })
  })
  yield* Console.log(`VoiceMeUp is answered ${response.status}`)
})

await Effect.runPromise(program.pipe(Effect.provide(Server)))

/* Prints:
AI looks at the carrier's URL: refused by robots.txt
AI reads "Is this the right part?"
AI looks at a file declared as image/png: status 200, image/png, 70 bytes
VoiceMeUp is answered 200
*/
