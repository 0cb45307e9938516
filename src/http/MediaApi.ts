/**
 * The HTTP API of stored media. Definitions only, so that a client can import
 * them without the server.
 *
 * It is apart from `WebhookApi`, because a server without media needs no store.
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
 * Stored files.
 *
 * @category groups
 * @since 0.1.0
 */
export class Media extends HttpApiGroup.make("media")
  .add(
    HttpApiEndpoint.get("file", "/media/:name", {
      params: {
        name: Schema.String.annotate({
          description: "The id of the file, with or without its extension, as in the URL that the store gave"
        })
      },
      headers: Schema.Struct({
        range: header("One range of bytes, as in `bytes=0-1023`, `bytes=1024-` or `bytes=-1024`"),
        "if-range": header("The entity tag of the file that the range is of"),
        "if-none-match": header("Entity tags of what the caller has already")
      }),
      success: HttpApiSchema.StreamUint8Array(),
      error: [Problems.NotFound, Problems.RangeNotSatisfiable, Problems.InternalServerError]
    })
      .annotate(OpenApi.Summary, "Read a file")
      .annotate(
        OpenApi.Description,
        `Gives the file under its own content type, or the range of it that is asked for, with status 206. Whoever has
the URL may read the file: it cannot be guessed.`
      )
  )
  .annotate(OpenApi.Description, "The files of messages, where the server stores them.")
{}

/**
 * The whole API.
 *
 * @category api
 * @since 0.1.0
 */
export class MediaApi extends HttpApi.make("effect-sms-media")
  .add(Media)
  .annotate(OpenApi.Title, "effect-sms media")
  .annotate(OpenApi.Version, version)
{}
