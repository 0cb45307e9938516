/**
 * The HTTP API of the console's own page. Contains only definitions, so that
 * the page can import them without the server.
 *
 * It is separate from `GatewayApi`: programs have tokens, and need no session.
 *
 * @since 0.1.0
 */
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as Schema from "effect/Schema"
import * as Carriers from "../Carriers.ts"
import { version } from "../internal/version.ts"
import { Scope } from "./internal/requiredScope.ts"
import * as Problems from "./Problems.ts"
import { ReadRequest } from "./ReadRequest.ts"

/**
 * The session of the page.
 *
 * @category models
 * @since 0.1.0
 */
export class SessionView extends Schema.Class<SessionView>("effect-sms/http/ConsoleSession")({
  /** The name of the token. */
  name: Schema.String,
  scopes: Schema.Array(Scope),
  /** The version of the server. */
  version: Schema.String,
  /** Whether the server stores files, so that they can be uploaded. */
  media: Schema.Boolean,
  /** The addresses below which its files are, where they are not at this server. */
  mediaUrls: Schema.Array(Schema.String),
  /** Whether the server uses an emulator, whose phone the page shows. */
  phone: Schema.Boolean,
  /** The configured providers, with the titles of their carriers. */
  titles: Schema.Record(Schema.String, Schema.String)
}) {}

/**
 * Builds the view of a session.
 *
 * @category constructors
 * @since 0.1.0
 */
export const sessionViewOf = (
  { media, mediaUrls, name, phone, providers, scopes }: Omit<SessionView, "titles" | "version"> & {
    readonly providers: ReadonlyArray<string>
  }
): SessionView =>
  new SessionView({
    name,
    scopes,
    version,
    media,
    mediaUrls,
    phone,
    titles: Object.fromEntries(
      providers.map((name) => [name, Carriers.all.find((carrier) => carrier.name === name)?.title ?? name])
    )
  })

/**
 * The endpoints of the session.
 *
 * @category groups
 * @since 0.1.0
 */
export class Session extends HttpApiGroup.make("session")
  .add(
    HttpApiEndpoint.get("get", "/console/session", {
      // None is not an error: the page asks when it is opened.
      success: Schema.NullOr(SessionView)
    }),
    HttpApiEndpoint.post("login", "/console/session", {
      payload: Schema.Struct({ token: Schema.NonEmptyString.check(Schema.isMaxLength(1024)) }),
      success: SessionView,
      error: [Problems.Unauthorized, Problems.Forbidden]
    }),
    HttpApiEndpoint.delete("logout", "/console/session", {
      success: HttpApiSchema.NoContent,
      error: Problems.Forbidden
    })
  )
  .middleware(ReadRequest)
{}

/**
 * The API.
 *
 * @category api
 * @since 0.1.0
 */
export class ConsoleApi extends HttpApi.make("effect-sms-console").add(Session) {}
