/**
 * The HTTP API for uploading files that messages are sent with.
 *
 * @since 0.1.0
 */
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { annotations, samples } from "./internal/apiSamples.ts"
import { RequiredScope } from "./internal/requiredScope.ts"
import * as Problems from "./Problems.ts"
import { AdminAuthorization } from "./WebhookApi.ts"

/**
 * The maximum size of an uploaded file: 5 MiB, the most that Twilio takes.
 *
 * @category models
 * @since 0.1.0
 */
export const maxBytes = 5 * 1024 * 1024

/**
 * A file that was uploaded.
 *
 * @category models
 * @since 0.1.0
 */
export class Uploaded extends Schema.Class<Uploaded>("effect-sms/http/Uploaded")({
  url: Schema.String.annotate({ description: "Where the file is served. Send it as the `url` of a `media`" }),
  mimeType: Schema.String.annotate({ description: "The type that was detected from the bytes" })
}) {}

/**
 * The endpoint for uploads.
 *
 * @category groups
 * @since 0.1.0
 */
export class Uploads extends HttpApiGroup.make("uploads")
  .add(
    HttpApiEndpoint.post("upload", "/media", {
      payload: Schema.Uint8Array.pipe(HttpApiSchema.asUint8Array()),
      success: Uploaded.pipe(HttpApiSchema.status(201)),
      error: [
        Problems.BadRequest,
        Problems.NotFound,
        Problems.RequestTimeout,
        Problems.ContentTooLarge,
        Problems.UnsupportedMediaType,
        Problems.InternalServerError
      ]
    })
      .annotate(RequiredScope, "send")
      .annotate(OpenApi.Summary, "Upload a file")
      .annotateMerge(annotations(samples.upload))
      .annotate(
        OpenApi.Description,
        `Stores a file of at most 5 MiB in the media store of the server, and returns its URL. The type is detected from
the bytes: pictures, audio, video, PDF and contact cards. 404 if the server has no media store.`
      )
  )
  .middleware(AdminAuthorization)
  .annotate(OpenApi.Description, "Files to send. Needs a token with the scope send.")
{}
