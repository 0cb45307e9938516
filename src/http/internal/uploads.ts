/**
 * The handler of uploads.
 */
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Option from "effect/Option"
import type { MediaError } from "../../media/MediaError.ts"
import { MediaStore } from "../../media/MediaStore.ts"
import * as OutboundMedia from "../../media/OutboundMedia.ts"
import { GatewayApi } from "../MessagesApi.ts"
import * as Problems from "../Problems.ts"
import { maxBytes, Uploaded } from "../UploadsApi.ts"
import * as RequestBody from "./requestBody.ts"

const none = new Problems.NotFound({ detail: "The server has no media store: set MEDIA_DIR or MEDIA_S3_BUCKET" })

const refused = Effect.fnUntraced(function*(error: MediaError) {
  const { reason } = error
  switch (reason._tag) {
    case "TooLarge":
      return yield* new Problems.ContentTooLarge({ detail: reason.message })
    case "InvalidBody":
      return yield* new Problems.BadRequest({ detail: reason.message })
    case "TypeNotAllowed":
      return yield* new Problems.UnsupportedMediaType({
        detail: "Expected a picture, audio, video, a PDF or a contact card"
      })
    default:
      yield* Effect.logError("Storing an uploaded file failed", { reason: error.message })
      return yield* new Problems.InternalServerError({})
  }
})

const readBody = RequestBody.reader(maxBytes, "60 seconds")

export const layer = HttpApiBuilder.group(
  GatewayApi,
  "uploads",
  Effect.fnUntraced(function*(handlers) {
    const store = Option.getOrUndefined(yield* Effect.serviceOption(MediaStore))
    return handlers.handleRaw(
      "upload",
      Effect.fnUntraced(function*({ request }) {
        if (store === undefined) return yield* Effect.andThen(RequestBody.leave(request), none)
        const body = yield* Effect.catch(readBody(request), (reason) =>
          Effect.fail(
            reason._tag === "BodyTimeout"
              ? new Problems.RequestTimeout({ detail: reason.message })
              : Problems.fromBodyReason(reason)
          ))
        const { mimeType = "application/octet-stream", url } = yield* OutboundMedia.fromBytes(body, { maxBytes }).pipe(
          Effect.provideService(MediaStore, store),
          Effect.catch(refused)
        )
        return HttpServerResponse.jsonUnsafe(new Uploaded({ url, mimeType }), { status: 201 })
      })
    )
  })
)
