/**
 * Reads request bodies within the server's size limit.
 */
import * as ByteSize from "effect/ByteSize"
import * as Effect from "effect/Effect"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as Result from "effect/Result"
import { PayloadTooLarge, UnsupportedContentType } from "../../WebhookError.ts"

type Request = HttpServerRequest.HttpServerRequest

/** The default size limit: 1 MiB, many times the size of any legitimate request. */
export const defaultLimit = 1024 * 1024

// Signatures cover the original bytes, and no carrier compresses them.
const encoded = new UnsupportedContentType({ expected: ["without content encoding"] })

const utf8 = new TextDecoder("utf-8", { fatal: true })

/** Returns whether the bytes are valid UTF-8. */
export const isUtf8 = (bytes: Uint8Array): boolean => Result.isSuccess(Result.try(() => utf8.decode(bytes)))

/** Builds a reader. A body that the headers declare as too large or compressed is not read at all. */
export const reader = (limit: number = defaultLimit) => {
  const tooLarge = new PayloadTooLarge({ limit })

  const misfit = ({ headers }: Request) => {
    const encoding = headers["content-encoding"]?.trim().toLowerCase() ?? "identity"
    if (encoding !== "identity" && encoding !== "") return encoded
    return Number(headers["content-length"] ?? 0) > limit ? tooLarge : undefined
  }

  return Effect.fnUntraced(function*(request: Request) {
    const reason = misfit(request)
    if (reason !== undefined) return yield* reason
    const body = yield* request.arrayBuffer.pipe(
      Effect.provideService(HttpIncomingMessage.MaxBodySize, ByteSize.bytes(limit)),
      Effect.catch(({ reason }) =>
        reason._tag === "RequestParseError" && reason.reason === "BodyTooLarge"
          ? Effect.fail(tooLarge)
          // The connection broke, so there is no client to answer.
          : Effect.interrupt
      )
    )
    return new Uint8Array(body)
  })
}
