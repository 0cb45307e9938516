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

type Request = HttpServerRequest.HttpServerRequest

/** Splits a request target into scheme and authority, if it has them, and the rest. */
const split = (url: string) => {
  const [, scheme, authority, path = ""] = /^(?:([a-z][a-z\d+.-]*):\/\/([^/?#]*))?(.*)$/is.exec(url) ?? []
  return { scheme: scheme?.toLowerCase(), authority, path: path.startsWith("/") ? path : `/${path}` }
}

const host = /^(?:\[[\da-f:.]+\]|[\w.-]+)(?::\d{1,5})?$/i

/**
 * Returns scheme and authority from the `X-Forwarded-Proto` and
 * `X-Forwarded-Host` headers of a trusted proxy. A single value is what that
 * proxy saw. From a list, one value per proxy,
 * `HttpMiddleware.xForwardedHeaders` has already selected the right one.
 */
const forwarded = (request: Request, trustedProxies: ReadonlyArray<IpNetwork.IpNetwork>) => {
  const peer = Option.flatMap(request.peerAddress, (text) => Option.getSuccess(NetAddress.ipFromString(text)))
  const isTrusted = Option.exists(peer, (address) => {
    const canonical = NetAddress.toCanonical(address)
    return trustedProxies.some((network) => IpNetwork.contains(network, canonical))
  })
  if (!isTrusted) return {}
  const protocol = request.headers["x-forwarded-proto"]?.trim().toLowerCase()
  const forwardedHost = request.headers["x-forwarded-host"]?.trim()
  return {
    ...((protocol === "https" || protocol === "http") && { scheme: protocol }),
    ...(forwardedHost !== undefined && host.test(forwardedHost) && { authority: forwardedHost })
  }
}

/** Returns the public URL of a request, based on the configured URL if there is one. */
export const make = (request: Request, options: {
  readonly publicUrl: string | undefined
  readonly trustedProxies: ReadonlyArray<IpNetwork.IpNetwork>
}): string => {
  const target = split(request.originalUrl)
  if (options.publicUrl !== undefined) return options.publicUrl.replace(/\/+$/, "") + target.path
  const proxy = forwarded(request, options.trustedProxies)
  const scheme = proxy.scheme ?? request.protocol ?? target.scheme ?? "http"
  const authority = proxy.authority ?? request.headers["host"] ?? target.authority ?? "localhost"
  return `${scheme}://${authority}${target.path}`
}
