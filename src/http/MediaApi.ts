/**
 * The HTTP API of stored media. Contains only definitions, so that a client can
 * import them without the server.
 *
 * It is separate from `WebhookApi`, so that a server without media needs no
 * store.
 *
 * @since 0.1.0
 */
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { version } from "../internal/version.ts"
import * as Problems from "./Problems.ts"

const header = (description: string) => Schema.optionalKey(Schema.String.annotate({ description }))

/**
 * The endpoints for stored files.
 *
 * @category groups
 * @since 0.1.0
 */
export class Media extends HttpApiGroup.make("media")
  .add(
    HttpApiEndpoint.get("file", "/media/:name", {
      params: {
        name: Schema.String.annotate({
          description: "The id of the file, with or without its extension, as in the store's URL"
        })
      },
      headers: Schema.Struct({
        range: header("A single byte range, such as `bytes=0-1023`, `bytes=1024-` or `bytes=-1024`"),
        "if-range": header("The entity tag of the file that the range applies to"),
        "if-none-match": header("The entity tags of the files that the caller already has")
      }),
      success: HttpApiSchema.StreamUint8Array(),
      error: [Problems.NotFound, Problems.RangeNotSatisfiable, Problems.InternalServerError]
    })
      .annotate(OpenApi.Summary, "Read a file")
      .annotate(
        OpenApi.Description,
        `Returns the file with its content type, or the requested range with status 206. Anyone with the URL can read
the file; the URL cannot be guessed.`
      )
  )
  .annotate(OpenApi.Description, "The files of messages, if the server stores them.")
{}

/**
 * The complete API.
 *
 * @category api
 * @since 0.1.0
 */
export class MediaApi extends HttpApi.make("effect-sms-media")
  .add(Media)
  .annotate(OpenApi.Title, "effect-sms media")
  .annotate(OpenApi.Version, version)
{}
