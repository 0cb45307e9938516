/**
 * Reconstructs the public URL that the carrier called.
 *
 * Twilio signs the URL character for character, so path and query are kept as
 * received. Behind a proxy that terminates TLS, the request does not contain
 * the original scheme and host: they come from the configuration, or from the
 * headers of a trusted proxy.
 */
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as IpNetwork from "effect/net/IpNetwork"
import * as NetAddress from "effect/net/NetAddress"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { invalidPayload, InvalidSignature, type WebhookErrorReason } from "../WebhookError.ts"

/** What of a request the URL depends on. */
export interface Asked
  extends Pick<HttpServerRequest.HttpServerRequest, "method" | "originalUrl" | "protocol" | "peerAddress">
{
  readonly headers: Readonly<Record<string, string>>
}

/** A request target without scheme and authority, as nearly all are. */
const pathOnly = (path: string) => ({ scheme: undefined, authority: undefined, path })

/** Splits a request target into scheme and authority, if it has them, and the rest. */
const split = (url: string) => {
  if (url.startsWith("/")) return pathOnly(url)
  const [, scheme, authority, path = ""] = /^(?:([a-z][a-z\d+.-]*):\/\/([^/?#]*))?(.*)$/is.exec(url) ?? []
  return { scheme: scheme?.toLowerCase(), authority, path: path.startsWith("/") ? path : `/${path}` }
}

/** Labels with a letter or a digit at both ends, and perhaps the dot of the root. */
const host = /^(?:\[[\da-f:.]+\]|\w(?:[\w-]*\w)?(?:\.\w(?:[\w-]*\w)?)*\.?)(?::\d{1,5})?$/i

/** Returns whether a text is a host and nothing else, with or without a port. */
export const isHost = (text: string): boolean => host.test(text) && URL.canParse(`http://${text}`)

const ipOf = (text: string | undefined): NetAddress.IpAddress | undefined => {
  if (text === undefined) return undefined
  const ip = NetAddress.ipFromString(text.replace(/^\[(.*)\]$/, "$1"))
  if (Result.isSuccess(ip)) return NetAddress.toCanonical(ip.success)
  const withPort = NetAddress.inetAddressFromString(text)
  return Result.isSuccess(withPort) ? NetAddress.toCanonical(withPort.success.address) : undefined
}

/** The values of a header that each proxy appends to: the last one is of the nearest proxy. */
const listOf = (request: Asked, name: string): ReadonlyArray<string> =>
  request.headers[name]?.split(",").map((value) => value.trim()) ?? []

/** As many proxies as a request may have come through. A caller may write any number of addresses. */
const maxProxies = 16

/**
 * Counts the trusted proxies that a request came through, from the nearest on.
 * Each of them wrote into `X-Forwarded-For` who called it, so an address there
 * counts while all the proxies to its right are trusted.
 */
const countProxies = (request: Asked, trustedProxies: ReadonlyArray<IpNetwork.IpNetwork>): number => {
  const callers = [...listOf(request, "x-forwarded-for"), Option.getOrUndefined(request.peerAddress)]
    .slice(-maxProxies)
    .reverse()
  const first = callers.findIndex((caller) => {
    const ip = ipOf(caller)
    return ip === undefined || !trustedProxies.some((network) => IpNetwork.contains(network, ip))
  })
  return first === -1 ? callers.length : first
}

/**
 * Returns scheme and authority from the `X-Forwarded-Proto` and
 * `X-Forwarded-Host` headers of trusted proxies.
 *
 * Not every proxy appends to every header, so their lists differ in length. The
 * value is the one of the farthest trusted proxy that wrote one: never more
 * values from the right than there are trusted proxies, because those before
 * them are the caller's.
 */
const forwarded = (request: Asked, trustedProxies: ReadonlyArray<IpNetwork.IpNetwork>) => {
  if (trustedProxies.length === 0) return {}
  const proxies = countProxies(request, trustedProxies)
  if (proxies === 0) return {}
  const valueOf = (name: string) => {
    const values = listOf(request, name)
    return values[Math.max(0, values.length - proxies)]
  }
  const protocol = valueOf("x-forwarded-proto")?.toLowerCase()
  const forwardedHost = valueOf("x-forwarded-host")
  return {
    ...((protocol === "https" || protocol === "http") && { scheme: protocol }),
    ...(forwardedHost !== undefined && isHost(forwardedHost) && { authority: forwardedHost })
  }
}

/**
 * Options of the public URL.
 */
export interface Options {
  /** One URL, or several where carriers call more than one. */
  readonly publicUrl: string | ReadonlyArray<string> | undefined
  readonly trustedProxies: ReadonlyArray<IpNetwork.IpNetwork>
}

/** A URL that the carrier may have called. */
export interface Candidate {
  readonly url: string
  /** The configured URL that it is made of, where there are several. */
  readonly base: string | undefined
  /** Whether the request says that it was sent to the host of that one. */
  readonly isNamed: boolean
  /** The host that the request names, where it decides the URL. */
  readonly authority: string | undefined
}

const authorityOf = (request: Asked, proxy: { readonly authority?: string }) =>
  proxy.authority ?? request.headers["host"]

/**
 * Returns the URLs that the carrier may have called: one, or as many as are
 * configured. The one whose host the request names is first.
 */
export const candidates = (request: Asked, options: Options): readonly [Candidate, ...Array<Candidate>] => {
  const target = split(request.originalUrl)
  const bases = typeof options.publicUrl === "string" ? [options.publicUrl] : options.publicUrl ?? []
  const under = (base: string) => (base.endsWith("/") ? base.replace(/\/+$/, "") : base) + target.path
  const proxy = bases.length === 1 ? {} : forwarded(request, options.trustedProxies)
  const [first, ...others] = bases
  if (first === undefined) {
    const scheme = proxy.scheme ?? request.protocol ?? target.scheme ?? "http"
    const authority = authorityOf(request, proxy) ?? target.authority
    return [{
      url: `${scheme}://${authority ?? "localhost"}${target.path}`,
      base: undefined,
      isNamed: false,
      authority
    }]
  }
  if (others.length === 0) return [{ url: under(first), base: undefined, isNamed: false, authority: undefined }]
  const authority = authorityOf(request, proxy)?.toLowerCase()
  const of = (base: string): Candidate => ({
    url: under(base),
    base,
    isNamed: authority !== undefined && URL.parse(base)?.host === authority,
    authority: undefined
  })
  const [one, ...rest] = [of(first), ...others.map(of)].sort((a, b) => Number(b.isNamed) - Number(a.isNamed))
  return [one!, ...rest]
}

/** Without the port that is the default of http or https. */
const canonicalHost = (authority: string): string => authority.toLowerCase().replace(/:(?:80|443)$/, "")

/**
 * Returns why a request must not decide which URL was signed. Where no URL is
 * configured, the host that it names is a part of the URL: it must be a host and
 * nothing else, or it could end the URL early, and one of those that are
 * allowed, or a request that was signed for another application would be
 * accepted here.
 */
export const hostFault = (
  { authority }: Candidate,
  /** Any by default. */
  allowedHosts: ReadonlyArray<string> | undefined
): WebhookErrorReason | undefined => {
  if (authority === undefined) return undefined
  if (!isHost(authority)) return invalidPayload("", "Expected a host in the Host header")
  if (allowedHosts === undefined) return undefined
  const allowed = allowedHosts.map(canonicalHost)
  return allowed.includes(canonicalHost(authority))
    ? undefined
    : new InvalidSignature({ hint: "nothing: the host that the request names is not an allowed one" })
}
