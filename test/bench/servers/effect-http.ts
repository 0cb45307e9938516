/**
 * A route of Effect's own HTTP server with the same crypto as the bare one:
 * what of the cost is the server's below the library.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import { createServer } from "node:http"
import { answer, contentType, listening, path } from "./listening.ts"
import { isSigned } from "./signed.ts"

const handle = Effect.gen(function*() {
  const request = yield* HttpServerRequest.HttpServerRequest
  const body = yield* request.text
  return isSigned(request.headers["x-twilio-signature"] ?? "", body)
    ? HttpServerResponse.text(answer, { contentType })
    : HttpServerResponse.empty({ status: 403 })
})

const layerListening = Layer.effectDiscard(Effect.map(HttpServer.HttpServer, ({ address }) => {
  if ("port" in address) listening(address.port)
}))

Effect.runFork(
  Layer.launch(
    Layer.provideMerge(
      layerListening,
      HttpRouter.serve(HttpRouter.add("POST", path, handle), { disableLogger: true, disableListenLog: true })
    ).pipe(Layer.provide(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 })))
  )
)
