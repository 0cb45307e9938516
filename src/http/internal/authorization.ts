/**
 * Checks the bearer token of a request, or the session of the console: who it
 * is, what it may do, how often it asks.
 */
import * as Context from "effect/Context"
import type * as CryptoError from "effect/crypto/CryptoError"
import type * as Digest from "effect/crypto/Digest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { ConsoleSessions } from "../ConsoleSessions.ts"
import * as Problems from "../Problems.ts"
import * as Tokens from "../Tokens.ts"
import { AdminAuthorization } from "../WebhookApi.ts"
import * as AccessLog from "./accessLog.ts"
import { setHeaders } from "./headers.ts"

const scopeOf = ({ annotations, method }: HttpApiEndpoint.Top): Tokens.Scope =>
  Option.getOrElse(
    Context.getOption(annotations as Context.Context<never>, Tokens.RequiredScope),
    () => method === "GET" ? "read" : "operate"
  )

const unknown = Effect.andThen(
  setHeaders({ "www-authenticate": "Bearer" }),
  Effect.fail(new Problems.Unauthorized({}))
)

const outOfScope = (scope: Tokens.Scope) =>
  Effect.andThen(
    setHeaders({ "www-authenticate": `Bearer error="insufficient_scope", scope="${scope}"` }),
    Effect.fail(new Problems.Forbidden({ detail: `The token needs the scope ${scope}` }))
  )

const tooMany = (wait: Duration.Duration) => {
  const seconds = Math.ceil(Duration.toSeconds(wait))
  return Effect.andThen(
    setHeaders({ "retry-after": String(seconds) }),
    Effect.fail(new Problems.RateLimitExceeded({ detail: "The token made too many requests", retryAfter: seconds }))
  )
}

/** Provides the check. Fails when a token cannot be one. */
export const layer = (
  options: Parameters<typeof Tokens.finder>[0]
): Layer.Layer<AdminAuthorization, CryptoError.CryptoError, Digest.Digest> =>
  Layer.effect(
    AdminAuthorization,
    Effect.gen(function*() {
      const find = yield* Tokens.finder(options)
      const sessions = Option.getOrUndefined(yield* Effect.serviceOption(ConsoleSessions))

      const ofSession = Effect.fnUntraced(function*() {
        if (sessions === undefined) return undefined
        return (yield* sessions.ofRequest(yield* HttpServerRequest.HttpServerRequest))?.token
      })

      return AdminAuthorization.of({
        bearer: Effect.fnUntraced(function*(next, { credential, endpoint }) {
          const secret = Redacted.value(credential)
          const token = yield* secret === "" ? ofSession() : find(secret)
          if (token === undefined) return yield* unknown
          yield* AccessLog.noteToken(token.name)
          // Also what the scope refuses: somebody may be trying what a token can do.
          const wait = yield* token.count
          if (wait !== undefined) return yield* tooMany(wait)
          const scope = scopeOf(endpoint)
          if (!token.scopes.includes(scope)) return yield* outOfScope(scope)
          return yield* Effect.annotateLogs(next, { token: token.name })
        })
      })
    })
  )
