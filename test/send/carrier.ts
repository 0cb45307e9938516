/** A server on this machine that plays a carrier: it takes what is sent and answers as it is told. */
import { Effect, type Scope } from "effect"
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http"
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net"

export interface Received {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** What the carrier does with a request that it has read. */
export type Behaviour = (response: ServerResponse, request: Received, number: number) => void

export interface Carrier {
  readonly url: string
  /** What came so far, whole requests only. */
  readonly requests: ReadonlyArray<Received>
  /** Waits until so many requests have come. */
  readonly received: (count: number) => Effect.Effect<void>
}

/** An answer with this body: text as it is, anything else as JSON. */
export const answer = (
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {}
): Behaviour =>
(response) => {
  response.writeHead(status, { "content-type": "application/json", ...headers })
  response.end(typeof body === "string" ? body : JSON.stringify(body))
}

/** One behaviour a request; the last one stays. */
export const inTurn = (...behaviours: readonly [Behaviour, ...Array<Behaviour>]): Behaviour => (...call) =>
  (behaviours[call[2] - 1] ?? behaviours.at(-1)!)(...call)

/** Never answers. */
export const hang: Behaviour = () => {}

/** Closes the connection without an answer. */
export const reset: Behaviour = (response) => response.socket?.resetAndDestroy()

/** Sends the head and half of the body, and closes the connection. */
export const cut = (status: number, body: unknown): Behaviour => (response) => {
  const bytes = Buffer.from(JSON.stringify(body))
  response.writeHead(status, { "content-type": "application/json", "content-length": bytes.length })
  response.write(bytes.subarray(0, bytes.length >> 1), () => response.socket?.destroy())
}

/** Sends the head and half of the body, and then nothing. */
export const stall = (status: number, body: unknown): Behaviour => (response) => {
  const bytes = Buffer.from(JSON.stringify(body))
  response.writeHead(status, { "content-type": "application/json", "content-length": bytes.length })
  response.write(bytes.subarray(0, bytes.length >> 1))
}

/** Sends the body a byte at a time. */
export const slow = (status: number, body: unknown): Behaviour => (response) => {
  const bytes = Buffer.from(JSON.stringify(body))
  response.writeHead(status, { "content-type": "application/json" })
  const next = (index: number): void => {
    if (index === bytes.length) response.end()
    else response.write(bytes.subarray(index, index + 1), () => setImmediate(next, index + 1))
  }
  next(0)
}

export const serve = (behave: Behaviour): Effect.Effect<Carrier, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<{ readonly carrier: Carrier; readonly close: Effect.Effect<void> }>((resume) => {
      const requests: Array<Received> = []
      const waiting = new Set<() => void>()
      const sockets = new Set<Socket>()
      const server = createServer((request, response) => {
        const chunks: Array<Buffer> = []
        response.on("error", () => {})
        request.on("data", (chunk: Buffer) => chunks.push(chunk))
        request.on("end", () => {
          const received = {
            method: request.method ?? "",
            path: request.url ?? "",
            headers: request.headers,
            body: Buffer.concat(chunks).toString("utf8")
          }
          behave(response, received, requests.push(received))
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

/** An address of this machine at which nobody listens. */
export const closedUrl = Effect.callback<string>((resume) => {
  const server = createTcpServer()
  server.listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo
    server.close(() => resume(Effect.succeed(`http://127.0.0.1:${port}`)))
  })
})
