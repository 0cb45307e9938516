/**
 * The sessions of the console: a browser that proved to have a token gets a
 * cookie, and the API accepts that instead of the token.
 *
 * A session is derived from the token and stored nowhere, so that it survives a
 * restart and any server with the same tokens accepts it. It ends after 12
 * hours, or when its token or the admin token is replaced. The cookie counts
 * only in a request of the console's own page: one from the same origin, with a
 * header that a page of another origin cannot set.
 *
 * **Example** (Opening a session)
 *
 * ```ts
 * import { ConsoleSessions } from "effect-sms"
 * import { Effect } from "effect"
 *
 * export const open = Effect.gen(function*() {
 *   const sessions = yield* ConsoleSessions.ConsoleSessions
 *   const session = yield* sessions.open("the token that somebody typed")
 *   return session?.token.name
 * })
 * ```
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as CryptoError from "effect/crypto/CryptoError"
import type * as Digest from "effect/crypto/Digest"
import * as Mac from "effect/crypto/Mac"
import * as Effect from "effect/Effect"
import * as Base64Url from "effect/encoding/Base64Url"
import * as Hex from "effect/encoding/Hex"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Secrets from "../provider/Secrets.ts"
import { ownHeader } from "./internal/ownHeader.ts"
import * as Tokens from "./Tokens.ts"

/**
 * A session.
 *
 * @category models
 * @since 0.1.0
 */
export interface Session {
  readonly token: Tokens.Known
  /** When it ends, in milliseconds since the epoch. */
  readonly expiresAt: number
}

/**
 * The value of a new cookie. An absent value removes it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Cookie {
  readonly name: string
  readonly value: string
  readonly options: {
    readonly httpOnly: true
    readonly sameSite: "strict"
    readonly secure: boolean
    readonly path: "/"
    readonly maxAge: number
  }
}

/**
 * The sessions of the console.
 *
 * @category services
 * @since 0.1.0
 */
export class ConsoleSessions extends Context.Service<ConsoleSessions, {
  /** Whether anyone can open a session: not without an admin token. */
  readonly isOpen: boolean
  /** Opens a session for a token, or for a key of {@link invite}. Returns `undefined` for an unknown one. */
  readonly open: (token: string) => Effect.Effect<Session | undefined>
  /**
   * Makes a key that opens one session of the admin token, in this process and
   * within an hour. Returns `undefined` when no session can be opened.
   */
  readonly invite: Effect.Effect<Redacted.Redacted<string> | undefined>
  /** Returns the session of a request that comes from the console's page. */
  readonly ofRequest: (request: HttpServerRequest.HttpServerRequest) => Effect.Effect<Session | undefined>
  /** Whether a request comes from the console's page. */
  readonly isOwn: (request: HttpServerRequest.HttpServerRequest) => boolean
  /** Builds the cookie of a session with 12 more hours, or the one that removes it. */
  readonly cookie: (
    request: HttpServerRequest.HttpServerRequest,
    session: Session | undefined
  ) => Effect.Effect<Cookie>
}>()("effect-sms/http/ConsoleSessions") {}

/** How long a session lasts after it was last opened or renewed. */
const duration = 12 * 60 * 60 * 1000

/** A browser takes a name with this prefix only from a secure origin, for exactly its host. */
const [secureName, plainName] = ["__Host-effect-sms", "effect-sms"] as const

/** How long a key of an invitation is good. */
const invitationDuration = 60 * 60 * 1000

/** The key of an invitation: when it ends, its number, and its tag. */
const invitationPattern = /^(\d{1,15}\.\d{1,9})\.([\w-]{43})$/

const hostOf = (url: string): string | undefined => URL.parse(url)?.host

const isOwn = (publicUrls: ReadonlyArray<string>) => ({ headers }: HttpServerRequest.HttpServerRequest): boolean => {
  if (headers[ownHeader] === undefined) return false
  // Browsers tell this only to hosts that they trust: those of https, and this machine.
  const site = headers["sec-fetch-site"]
  if (site !== undefined) return site === "same-origin"
  const { host, origin } = headers
  return origin === undefined || [host, ...publicUrls.map(hostOf)].includes(hostOf(origin))
}

/**
 * The session values: when it ends, its tag, and the name of its token.
 */
const pattern = /^(\d{1,15})\.([\w-]{43})\.([\w.-]{1,64})$/

/**
 * Options of the sessions.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = Tokens.Options & {
  /** As in `WebhookServer.Options`: its hosts are those of the console too. */
  readonly publicUrl?: string | ReadonlyArray<string> | undefined
}

/**
 * Makes the sessions of these tokens.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<ConsoleSessions["Service"], CryptoError.CryptoError, Digest.Digest | Mac.Mac> {
  const { adminToken, publicUrl = [] } = options
  const mac = yield* Mac.Mac
  const find = yield* Tokens.finder(options)
  const tokens = new Map((yield* Tokens.register(options)).map((token) => [token.name, token]))
  const key = adminToken === undefined
    ? undefined
    : yield* Mac.key(Mac.hmacSha256, Secrets.utf8(Redacted.value(adminToken)))

  /**
   * What is authenticated. With the hash of the token, so that a session ends
   * with it; under the admin token, so that who knows the hash can make none.
   */
  const signed = ({ hash, name }: Tokens.Registered, expiresAt: number) =>
    Secrets.utf8(`effect-sms console session\n${name}\n${Hex.encode(hash)}\n${expiresAt}`)

  /** The invitations that were not accepted yet, with their ends. */
  const invitations = new Map<string, number>()
  let invited = 0
  const invitation = (id: string) => Secrets.utf8(`effect-sms console invitation\n${id}`)

  const invite = Effect.gen(function*() {
    if (key === undefined) return undefined
    const expiresAt = (yield* Clock.currentTimeMillis) + invitationDuration
    const id = `${expiresAt}.${++invited}`
    invitations.set(id, expiresAt)
    const tag = Base64Url.encode(yield* Effect.orDie(mac.sign(key, invitation(id))))
    return Redacted.make(`${id}.${tag}`)
  })

  const accept = Effect.fnUntraced(function*(secret: string) {
    const [, id = "", tag = ""] = invitationPattern.exec(secret) ?? []
    const bytes = Base64Url.decode(tag)
    const expiresAt = invitations.get(id)
    if (key === undefined || expiresAt === undefined || Result.isFailure(bytes)) return undefined
    if (!(yield* Effect.orDie(mac.verify(key, bytes.success, invitation(id))))) return undefined
    const isFirst = invitations.delete(id)
    return isFirst && expiresAt > (yield* Clock.currentTimeMillis) ? tokens.get("admin") : undefined
  })

  const read = Effect.fnUntraced(function*(value: string) {
    const [, end = "", tag = "", name = ""] = pattern.exec(value) ?? []
    const token = tokens.get(name)
    const bytes = Base64Url.decode(tag)
    const expiresAt = Number(end)
    if (key === undefined || token === undefined || Result.isFailure(bytes)) return undefined
    const isAuthentic = yield* Effect.orDie(mac.verify(key, bytes.success, signed(token, expiresAt)))
    return isAuthentic && expiresAt > (yield* Clock.currentTimeMillis) ? { token, expiresAt } : undefined
  })

  const own = isOwn(typeof publicUrl === "string" ? [publicUrl] : publicUrl)

  return ConsoleSessions.of({
    isOpen: key !== undefined,
    isOwn: own,
    invite,
    open: Effect.fnUntraced(function*(secret) {
      const token = key === undefined ? undefined : (yield* find(secret)) ?? (yield* accept(secret))
      return token === undefined ? undefined : { token, expiresAt: (yield* Clock.currentTimeMillis) + duration }
    }),
    ofRequest: Effect.fnUntraced(function*(request) {
      if (!own(request)) return undefined
      for (const name of [secureName, plainName]) {
        const value = request.cookies[name]
        const session = value === undefined ? undefined : yield* read(value)
        if (session !== undefined) return session
      }
      return undefined
    }),
    cookie: Effect.fnUntraced(function*({ cookies, headers: { origin } }, session) {
      // The origin tells the scheme that the browser sees, also behind a proxy that ends TLS. Without one, as in
      // a GET request, the session stays in the cookie that it is in: logging out must find it there.
      const secure = origin === undefined
        ? cookies[secureName] !== undefined || cookies[plainName] === undefined
        : !origin.startsWith("http:")
      const options = { httpOnly: true, sameSite: "strict", secure, path: "/" } as const
      const name = secure ? secureName : plainName
      const token = tokens.get(session?.token.name ?? "")
      if (token === undefined || key === undefined) return { name, value: "", options: { ...options, maxAge: 0 } }
      const expiresAt = (yield* Clock.currentTimeMillis) + duration
      const tag = Base64Url.encode(yield* Effect.orDie(mac.sign(key, signed(token, expiresAt))))
      return { name, value: `${expiresAt}.${tag}.${token.name}`, options: { ...options, maxAge: duration } }
    })
  })
})

/**
 * Provides the sessions. Provide them to the routes of `MessagesServer` or
 * `WebhookServer` too: their API then accepts the cookie.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: Options
): Layer.Layer<ConsoleSessions, CryptoError.CryptoError, Digest.Digest | Mac.Mac> =>
  Layer.effect(ConsoleSessions, make(options))
