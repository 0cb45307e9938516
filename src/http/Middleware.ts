// @effect-diagnostics asyncFunction:off
/**
 * Receives webhooks inside Express, Fastify, Hono and others, without Effect.
 *
 * Each function makes a handler for the route of one carrier. It reads the bytes
 * of the body, verifies and decodes them with the carrier's core, passes the
 * events to the application, and answers as the carrier expects: with the
 * acknowledgement when `handle` has completed, with a problem (RFC 9457) when
 * the webhook is refused, and with 500 when `handle` fails, so that the carrier
 * posts the webhook again.
 *
 * **Details**
 *
 * Repetitions are for the application to recognize, by the `idempotencyKey` of
 * each event. Carriers wait for some seconds: put longer work on a queue.
 *
 * **Example** (Express)
 *
 * ```ts
 * import * as Middleware from "effect-sms/http/Middleware"
 * import * as Twilio from "effect-sms/twilio/core"
 *
 * declare const app: { post: (path: string, handler: ReturnType<typeof Middleware.express>) => void }
 *
 * app.post(
 *   "/webhooks/twilio",
 *   Middleware.express({
 *     core: Twilio.make({ authToken: process.env["TWILIO_AUTH_TOKEN"] ?? "" }),
 *     publicUrl: "https://sms.example.com",
 *     handle: ({ events }) => {
 *       for (const event of events) console.log(event._tag)
 *     }
 *   })
 * )
 * ```
 *
 * @since 0.1.0
 */
import type { IncomingMessage, ServerResponse } from "node:http"
import { errorUrl } from "../internal/errorUrl.ts"
import type { Core, Received } from "../provider/core/receive.ts"
import type { Refused } from "../provider/core/refusal.ts"
import type { Refused as WebRefused } from "../provider/core/web.ts"
import type { WebhookResponse } from "../WebhookRequest.ts"

/**
 * What the application does with webhooks.
 *
 * @category models
 * @since 0.1.0
 */
export interface Handling {
  /** Takes the events of a verified webhook, as plain data. The answer waits for a promise that it returns. */
  readonly handle: (received: Received) => unknown
  /** Is told of each refused webhook, for the log: its `reason` has no customer data. */
  readonly onRefused?: ((refused: Refused) => void) | undefined
}

/**
 * Options of the handlers on Node.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options extends Handling {
  /** The core of the carrier, such as `make({ authToken })` of `effect-sms/twilio/core`. */
  readonly core: Core
  /**
   * The scheme, host and path prefix that carriers call, for example
   * `https://sms.example.com`. The path of the request is appended to it.
   */
  readonly publicUrl: string
}

const problems: Readonly<Record<number, readonly [code: string, title: string]>> = {
  400: ["BadRequest", "Bad Request"],
  403: ["Forbidden", "Forbidden"],
  405: ["MethodNotAllowed", "Method Not Allowed"],
  413: ["ContentTooLarge", "Content Too Large"],
  415: ["UnsupportedMediaType", "Unsupported Media Type"]
}

/** Builds the answer to a webhook that is not accepted. The reason is for the log alone. */
const answerOf = (status: number): WebhookResponse => {
  const [code, title] = problems[status] ?? ["InternalServerError", "Internal Server Error"]
  return {
    status,
    contentType: "application/problem+json",
    body: JSON.stringify({ type: errorUrl(code), status, title })
  }
}

const urlOf = (publicUrl: string, path: string): string => `${publicUrl.replace(/\/+$/, "")}${path}`

/** Reads a body, and stops past the limit. Returns what was read until then. */
const bytesOf = async (request: IncomingMessage, limit: number): Promise<Uint8Array> => {
  const chunks: Array<Uint8Array> = []
  let size = 0
  // The end of the loop must not end the connection, which still has to carry the answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
    chunks.push(chunk)
    size += chunk.length
    if (size > limit) break
  }
  return Buffer.concat(chunks)
}

interface Given {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage["headers"]
  readonly body: () => Promise<Uint8Array> | Uint8Array
}

/** Receives a webhook and returns its answer. Rejects if the application fails. */
const receive = async (options: Options, { body, headers, method, path }: Given): Promise<WebhookResponse> => {
  const { core } = options
  const head = { method: method.toUpperCase(), url: urlOf(options.publicUrl, path), headers }
  const result = core.checkHead(head) ?? core.receive({ ...head, body: await body() })
  return conclude(options, result, core.acknowledgement)
}

const conclude = async <R extends WebRefused>(
  { handle, onRefused }: Pick<Handling, "handle"> & { readonly onRefused?: ((refused: R) => void) | undefined },
  result: Received | R,
  acknowledgement: WebhookResponse
): Promise<WebhookResponse> => {
  if (result._tag === "Refused") {
    onRefused?.(result)
    return answerOf(result.status)
  }
  await handle(result)
  return acknowledgement
}

/**
 * A request of Node, of Express, or of another framework on Node. Their `body`
 * is what a parser made of it.
 *
 * @category models
 * @since 0.1.0
 */
export interface NodeRequest extends IncomingMessage {
  /** The path and query before a router of Express removes the part that it is mounted at. */
  readonly originalUrl?: string | undefined
  readonly body?: unknown
}

/** Receives a webhook and answers it. Rejects, without an answer, if the application fails. */
const answer = async (options: Options, request: NodeRequest, response: ServerResponse): Promise<void> => {
  const { maxBytes } = options.core
  const result = await receive(options, {
    method: request.method ?? "",
    path: request.originalUrl ?? request.url ?? "",
    headers: request.headers,
    // What a parser has read is gone from the stream. Unless it kept the bytes, the core refuses what it left.
    body: () => request.readableDidRead ? request.body as Uint8Array : bytesOf(request, maxBytes)
  })
  respond(request, response, result, maxBytes)
}

const respond = (request: NodeRequest, response: ServerResponse, answer: WebhookResponse, maxBytes: number): void => {
  // Node reads what is left of a small body. A larger one ends the connection.
  const isLarge = !request.complete && !(Number(request.headers["content-length"]) <= maxBytes)
  response.writeHead(answer.status, {
    "content-type": answer.contentType,
    "x-content-type-options": "nosniff",
    ...(isLarge && { connection: "close" })
  }).end(answer.body)
}

/**
 * Makes a handler for `createServer` of `node:http`. If the application fails,
 * it answers 500 and rejects.
 *
 * **Example** (A server of Node)
 *
 * ```ts
 * import * as Middleware from "effect-sms/http/Middleware"
 * import * as Telnyx from "effect-sms/telnyx/core"
 * import { createServer } from "node:http"
 *
 * const receive = Middleware.node({
 *   core: Telnyx.make({ publicKey: process.env["TELNYX_PUBLIC_KEY"] ?? "" }),
 *   publicUrl: "https://sms.example.com",
 *   handle: ({ events }) => console.log(events.length)
 * })
 *
 * export const server = createServer((request, response) => {
 *   receive(request, response).catch((error: unknown) => console.error(error))
 * })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const node = (options: Options) => async (request: NodeRequest, response: ServerResponse): Promise<void> => {
  try {
    await answer(options, request, response)
  } catch (error) {
    respond(request, response, answerOf(500), options.core.maxBytes)
    throw error
  }
}

/**
 * Makes a handler for a route of Express, or of a framework with handlers of
 * its form. The route needs no parser, and may be behind parsers of JSON. If the
 * application fails, the error goes to `next`, and the framework answers.
 *
 * @category constructors
 * @since 0.1.0
 */
export const express =
  (options: Options) =>
  (request: NodeRequest, response: ServerResponse, next: (error: unknown) => void): Promise<void> =>
    answer(options, request, response).catch(next)

/**
 * The part of Fastify that the plugin uses.
 *
 * @category models
 * @since 0.1.0
 */
export interface FastifyLike {
  removeAllContentTypeParsers(): void
  addContentTypeParser(
    contentType: string,
    options: { readonly parseAs: "buffer"; readonly bodyLimit: number },
    // Fastify has overloads for parsers of other forms.
    parser: (request: unknown, body: unknown, done: unknown) => never
  ): unknown
  route(options: {
    readonly method: Array<string>
    readonly url: string
    readonly handler: (
      request: {
        readonly method: string
        readonly originalUrl: string
        readonly headers: IncomingMessage["headers"]
        readonly body: unknown
      },
      reply: FastifyReplyLike
    ) => Promise<unknown>
  }): unknown
}

/**
 * The part of a reply of Fastify that the plugin uses.
 *
 * @category models
 * @since 0.1.0
 */
export interface FastifyReplyLike {
  code(status: number): FastifyReplyLike
  header(name: string, value: string): FastifyReplyLike
  send(body: Uint8Array): unknown
}

type KeepBody = (error: null, body: unknown) => never

/**
 * Makes a plugin of Fastify with the route of one carrier. The bytes of bodies
 * are kept on this route alone; the parsers of other routes stay.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fastify = (options: Options & { readonly path: string }) => async (app: FastifyLike): Promise<void> => {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    "*",
    { parseAs: "buffer", bodyLimit: options.core.maxBytes },
    (_request, body, done) => (done as KeepBody)(null, body)
  )
  app.route({
    method: ["GET", "POST"],
    url: options.path,
    handler: async ({ body, headers, method, originalUrl }, reply) => {
      const given: Given = {
        method,
        path: originalUrl,
        headers,
        body: () => body === undefined || body === null ? new Uint8Array(0) : body as Uint8Array
      }
      const { body: text, contentType, status } = await receive(options, given)
      reply.code(status).header("content-type", contentType).header("x-content-type-options", "nosniff")
      // As bytes: Fastify would add a charset to a text.
      return reply.send(new TextEncoder().encode(text))
    }
  })
}

/**
 * Options of {@link web}.
 *
 * @category models
 * @since 0.1.0
 */
export interface WebOptions extends Pick<Handling, "handle"> {
  /** `receive` of `effect-sms/twilio/webhook`, with its options. `url` is the public URL of the request. */
  readonly receive: (request: Request, url: string) => Promise<Received | WebRefused>
  /** Is told of each refused webhook, for the log: its `reason` has no customer data. */
  readonly onRefused?: ((refused: WebRefused) => void) | undefined
  /** `acknowledgement` of the same entry. */
  readonly acknowledgement: WebhookResponse
  /**
   * The scheme, host and path prefix that carriers call. Absent where the URL of
   * a request is that, as on Workers.
   */
  readonly publicUrl?: string | undefined
}

/**
 * Makes a handler for requests of the Fetch API: for Hono, Next.js, SvelteKit,
 * Workers, Deno and Bun. Nothing may have read the body. If the application
 * fails, it rejects, and the framework answers.
 *
 * **Example** (Hono)
 *
 * ```ts
 * import * as Middleware from "effect-sms/http/Middleware"
 * import * as Twilio from "effect-sms/twilio/webhook"
 * import { Hono } from "hono"
 *
 * const receive = Middleware.web({
 *   receive: (request, url) => Twilio.receive(request, { authToken: process.env["TWILIO_AUTH_TOKEN"] ?? "", url }),
 *   acknowledgement: Twilio.acknowledgement,
 *   publicUrl: "https://sms.example.com",
 *   handle: ({ events }) => console.log(events.length)
 * })
 *
 * export const app = new Hono().post("/webhooks/twilio", ({ req }) => receive(req.raw))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const web = (options: WebOptions) => async (request: Request): Promise<Response> => {
  const { acknowledgement, publicUrl } = options
  const url = publicUrl === undefined ? request.url : urlOf(publicUrl, pathOf(request.url))
  const { body, contentType, status } = await conclude(options, await options.receive(request, url), acknowledgement)
  return new Response(body, { status, headers: { "content-type": contentType, "x-content-type-options": "nosniff" } })
}

/** Returns the path and query of an absolute URL. */
const pathOf = (url: string): string => url.slice(url.indexOf("/", url.indexOf("://") + 3))
