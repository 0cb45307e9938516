/**
 * A server that plays a carrier, Twilio unless it is told otherwise, and answers when and how it is told. The emulator
 * answers on its own: with it, no test could act while a request has no answer yet.
 */
import { Effect } from "effect"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { text } from "node:stream/consumers"

export interface Asked {
  readonly request: IncomingMessage
  readonly body: string
  /** The body, where it is a form. */
  readonly form: Readonly<Record<string, string>>
  readonly response: ServerResponse
}

export const accepted = JSON.stringify({ sid: "SM1", status: "queued", num_segments: "1" })

const reply = (response: ServerResponse, status: number, body: string) =>
  response.writeHead(status, { "content-type": "application/json" }).end(body)

type Response = { readonly status: number; readonly body: string } | "cut the connection"

/** Every request so far, and the next one. It is not answered unless `always` says how, which may depend on its number. */
export const makeTwilio = Effect.fnUntraced(function*(always?: Response | ((number: number) => Response | undefined)) {
  const asked: Array<Asked> = []
  const waiting: Array<() => void> = []
  const server = yield* Effect.acquireRelease(
    Effect.callback<Server>((resume) => {
      const server = createServer((request, response) =>
        void text(request).then((body) => {
          asked.push({ request, response, body, form: Object.fromEntries(new URLSearchParams(body)) })
          for (const look of waiting.splice(0)) look()
          const answer = typeof always === "function" ? always(asked.length) : always
          if (answer === "cut the connection") response.socket!.destroy()
          else if (answer !== undefined) reply(response, answer.status, answer.body)
        })
      )
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
  )
  const next: Effect.Effect<Asked> = Effect.callback((resume) => {
    const look = () => {
      const last = asked.at(-1)
      if (last === undefined) waiting.push(look)
      else resume(Effect.succeed(last))
    }
    look()
  })
  return {
    asked,
    next,
    answer: (response: ServerResponse, status: number, body: string) =>
      Effect.sync(() => reply(response, status, body)),
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
})
