/** Express with the middleware of Twilio's SDK. */
import type { Server } from "node:http"
import { createRequire } from "node:module"
import twilio from "twilio"
import { answer, authToken, contentType, listening, path, portOf, url } from "./listening.ts"

type Handler = (request: unknown, response: Response, next: () => void) => void

interface Response {
  readonly type: (contentType: string) => Response
  readonly send: (body: string) => Response
}

/** The part of it that is used: it comes without types. */
interface Express {
  (): {
    readonly post: (path: string, ...handlers: ReadonlyArray<Handler>) => void
    readonly listen: (port: number, host: string, listening: () => void) => Server
  }
  readonly urlencoded: (options: { readonly extended: boolean }) => Handler
}

const express: Express = createRequire(import.meta.url)("express")

const app = express()

app.post(path, express.urlencoded({ extended: false }), twilio.webhook({ url }, authToken), (_request, response) => {
  response.type(contentType).send(answer)
})

const server = app.listen(0, "127.0.0.1", () => listening(portOf(server.address())))
