/**
 * Reads request bodies within the server's size limit.
 */
import * as ByteSize from "effect/ByteSize"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as Result from "effect/Result"
import { PayloadTooLarge, UnsupportedContentType } from "../../WebhookError.ts"
import { setHeaders } from "./headers.ts"

type Request = HttpServerRequest.HttpServerRequest

/** The default size limit: 1 MiB, many times the size of any legitimate request. */
export const defaultLimit = 1024 * 1024

// Signatures cover the original bytes, and no carrier compresses them.
const encoded = new UnsupportedContentType({ expected: ["without content encoding"] })

const utf8 = new TextDecoder("utf-8", { fatal: true })

/** Returns whether the bytes are valid UTF-8. */
export const isUtf8 = (bytes: Uint8Array): boolean => Result.isSuccess(Result.try(() => utf8.decode(bytes)))

const hasBody = ({ headers }: Request): boolean =>
  headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0

/**
 * Closes the connection after the answer, where a body is still to come: the
 * server would have to receive it in order to reach the next request.
 */
export const leave = (request: Request): Effect.Effect<void, never, HttpServerRequest.HttpServerRequest> =>
  hasBody(request) ? setHeaders({ connection: "close" }) : Effect.void

/** Checks what the headers say about a body: whether it is too large, or compressed. */
export const checkHeaders = (
  { headers }: Request,
  limit: number
): Effect.Effect<void, PayloadTooLarge | UnsupportedContentType> => {
  const encoding = headers["content-encoding"]?.trim().toLowerCase() ?? "identity"
  if (encoding !== "identity" && encoding !== "") return Effect.fail(encoded)
  return Number(headers["content-length"] ?? 0) > limit ? Effect.fail(new PayloadTooLarge({ limit })) : Effect.void
}

/** A body did not arrive within the time limit. */
export class BodyTimeout extends Data.TaggedError("BodyTimeout")<{ readonly timeout: Duration.Input }> {
  override get message(): string {
    return `The body did not arrive within ${Duration.format(Duration.fromInputUnsafe(this.timeout))}`
  }
}

/** A carrier sends a body at once. */
const defaultTimeout: Duration.Input = "10 seconds"

/** Reads a body whose headers were checked. */
export const read = (
  request: Request,
  { limit, timeout = defaultTimeout }: { readonly limit: number; readonly timeout?: Duration.Input | undefined }
): Effect.Effect<Uint8Array, PayloadTooLarge | BodyTimeout, HttpServerRequest.HttpServerRequest> =>
  request.arrayBuffer.pipe(
    Effect.provideService(HttpIncomingMessage.MaxBodySize, ByteSize.bytes(limit)),
    Effect.map((body) => new Uint8Array(body)),
    Effect.catch(({ reason }) =>
      reason._tag === "RequestParseError" && reason.reason === "BodyTooLarge"
        ? Effect.andThen(leave(request), Effect.fail(new PayloadTooLarge({ limit })))
        // The connection broke, so there is no client to answer.
        : Effect.interrupt
    ),
    // Interrupting it would destroy the connection before the answer. It ends when that closes.
    Effect.forkDetach({ startImmediately: true }),
    Effect.flatMap((reading) =>
      Effect.timeoutOrElse(Fiber.join(reading), {
        duration: timeout,
        orElse: () => Effect.andThen(leave(request), Effect.fail(new BodyTimeout({ timeout })))
      })
    )
  )

/** Reads a body. What the headers say is too large, or is compressed, is not read at all. */
export const reader = (limit: number = defaultLimit, timeout?: Duration.Input) => (request: Request) =>
  checkHeaders(request, limit).pipe(
    Effect.tapError(() => leave(request)),
    Effect.andThen(read(request, { limit, timeout }))
  )
