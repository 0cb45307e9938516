/**
 * A local HTTP server that simulates a carrier. It records the requests of a
 * provider and replies as the test specifies, including the failures of real
 * carriers and replies that no carrier gives. For a carrier that behaves as the
 * real one, with messages and webhooks, use the emulator.
 *
 * **Example** (A carrier that does not answer)
 *
 * ```ts
 * import { Effect, Redacted } from "effect"
 * import { Twilio } from "effect-sms"
 * import * as CarrierServer from "effect-sms/testing/CarrierServer"
 *
 * export const providerOfTest = Effect.gen(function*() {
 *   const { url } = yield* CarrierServer.serve(() => CarrierServer.hang)
 *   const options = { accountSid: "AC1", authToken: Redacted.make("token"), baseUrl: url }
 *   return yield* Twilio.makeSender({ ...options, timeout: "1 second" })
 * })
 * ```
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { createServer, type ServerResponse } from "node:http"
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net"

/**
 * A request that the server received.
 *
 * @category models
 * @since 0.1.0
 */
export interface Received {
  readonly method: string
  /** The path, with the query. */
  readonly path: string
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * The server's reply to a request.
 *
 * @category models
 * @since 0.1.0
 */
export type Reply =
  | {
    readonly _tag: "Answer"
    readonly status: number
    readonly headers: Readonly<Record<string, string>>
    readonly body: string
    /**
     * `cut` closes the connection after half of the body, `stall` stops sending
     * there, `slow` sends one byte at a time.
     */
    readonly delivery: "whole" | "cut" | "stall" | "slow"
  }
  | { readonly _tag: "Hang" }
  | { readonly _tag: "Reset" }

/**
 * One reply to all requests, or a function of the request and its number. The
 * first request is number 1.
 *
 * @category models
 * @since 0.1.0
 */
export type Behaviour = Reply | ((request: Received, number: number) => Reply)

/**
 * A running server.
 *
 * @category models
 * @since 0.1.0
 */
export interface CarrierServer {
  readonly url: string
  /** The requests so far, oldest first. A request is added once its body has been read. */
  readonly requests: ReadonlyArray<Received>
  /** Waits until the server has received this many requests. */
  readonly received: (count: number) => Effect.Effect<void>
}

const reply =
  (delivery: (Reply & { readonly _tag: "Answer" })["delivery"]) =>
  (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Reply => ({
    _tag: "Answer",
    status,
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
    delivery
  })

type ReplyWith = (status: number, body: unknown, headers?: Readonly<Record<string, string>>) => Reply

/**
 * Replies with a body: a string as it is, anything else as JSON.
 *
 * @category replies
 * @since 0.1.0
 */
export const answer: ReplyWith = /* @__PURE__ */ reply("whole")

/**
 * Sends the head and half of the body, then closes the connection.
 *
 * @category replies
 * @since 0.1.0
 */
export const cut: ReplyWith = /* @__PURE__ */ reply("cut")

/**
 * Sends the head and half of the body, then nothing more.
 *
 * @category replies
 * @since 0.1.0
 */
export const stall: ReplyWith = /* @__PURE__ */ reply("stall")

/**
 * Sends the body one byte at a time.
 *
 * @category replies
 * @since 0.1.0
 */
export const slow: ReplyWith = /* @__PURE__ */ reply("slow")

/**
 * Never responds.
 *
 * @category replies
 * @since 0.1.0
 */
export const hang: Reply = { _tag: "Hang" }

/**
 * Closes the connection without a response.
 *
 * @category replies
 * @since 0.1.0
 */
export const reset: Reply = { _tag: "Reset" }

const replyOf = (behaviour: Behaviour, request: Received, number: number): Reply =>
  typeof behaviour === "function" ? behaviour(request, number) : behaviour

/**
 * Uses the next behaviour for each request. The last one applies to all further
 * requests.
 *
 * **Example** (A carrier that is out of order, and then answers)
 *
 * ```ts
 * import { Effect } from "effect"
 * import * as CarrierServer from "effect-sms/testing/CarrierServer"
 *
 * export const program = Effect.gen(function*() {
 *   const { received, url } = yield* CarrierServer.serve(CarrierServer.inTurn(
 *     CarrierServer.reset,
 *     CarrierServer.cut(503, "{}"),
 *     CarrierServer.slow(201, JSON.stringify({ sid: "SM1", status: "queued" }))
 *   ))
 *   // For a carrier that cannot be reached.
 *   const nowhere = yield* CarrierServer.closedUrl
 *   return { nowhere, received, url }
 * })
 * ```
 *
 * @category behaviours
 * @since 0.1.0
 */
export const inTurn = (...behaviours: readonly [Behaviour, ...Array<Behaviour>]): Behaviour => (request, number) =>
  replyOf(behaviours[number - 1] ?? behaviours.at(-1)!, request, number)

const send = (response: ServerResponse, reply: Reply): void => {
  switch (reply._tag) {
    case "Hang":
      return
    case "Reset":
      response.socket?.resetAndDestroy()
      return
  }
  const { body, delivery, headers, status } = reply
  if (delivery === "whole") {
    response.writeHead(status, headers)
    response.end(body)
    return
  }
  const bytes = new TextEncoder().encode(body)
  if (delivery === "slow") {
    response.writeHead(status, headers)
    const next = (index: number): void => {
      if (index === bytes.length) response.end()
      else response.write(bytes.subarray(index, index + 1), () => next(index + 1))
    }
    next(0)
    return
  }
  response.writeHead(status, { ...headers, "content-length": bytes.length })
  response.write(bytes.subarray(0, bytes.length >> 1), () => {
    if (delivery === "cut") response.socket?.destroy()
  })
}

/**
 * Starts a server, which closes with the scope.
 *
 * @category constructors
 * @since 0.1.0
 */
export const serve = (behaviour: Behaviour): Effect.Effect<CarrierServer, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<{ readonly carrier: CarrierServer; readonly close: Effect.Effect<void> }>((resume) => {
      const requests: Array<Received> = []
      const waiting = new Set<() => void>()
      const sockets = new Set<Socket>()
      const server = createServer((request, response) => {
        let body = ""
        response.on("error", () => {})
        request.setEncoding("utf8")
        request.on("data", (text: string) => body += text)
        request.on("end", () => {
          const received = {
            method: request.method ?? "",
            path: request.url ?? "",
            headers: Object.fromEntries(
              Object.entries(request.headersDistinct).map(([name, values = []]) => [name, values.join(", ")])
            ),
            body
          }
          send(response, replyOf(behaviour, received, requests.push(received)))
          for (const wake of waiting) wake()
        })
      })
      server.on("connection", (socket) => {
        sockets.add(socket)
        socket.on("error", () => {})
        socket.on("close", () => sockets.delete(socket))
      })
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo
        const received = (count: number) =>
          Effect.callback<void>((resume) => {
            const wake = () => {
              if (requests.length < count) return
              waiting.delete(wake)
              resume(Effect.void)
            }
            waiting.add(wake)
            wake()
          })
        const close = Effect.callback<void>((resume) => {
          for (const socket of sockets) socket.destroy()
          server.close(() => resume(Effect.void))
        })
        resume(Effect.succeed({ carrier: { url: `http://127.0.0.1:${port}`, requests, received }, close }))
      })
    }),
    ({ close }) => close
  ).pipe(Effect.map(({ carrier }) => carrier))

/**
 * Finds a local URL at which no server listens.
 *
 * @category constructors
 * @since 0.1.0
 */
export const closedUrl: Effect.Effect<string> = Effect.callback<string>((resume) => {
  const server = createTcpServer()
  server.listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo
    server.close(() => resume(Effect.succeed(`http://127.0.0.1:${port}`)))
  })
})
