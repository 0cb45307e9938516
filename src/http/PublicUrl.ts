/**
 * The URL that the carrier called.
 *
 * Twilio signs it character for character, so path and query stay as they
 * came in. Scheme and host are not in the request where a proxy ends TLS: they
 * are configured, or come from the headers of a proxy that is trusted.
 */
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as IpNetwork from "effect/net/IpNetwork"
import * as NetAddress from "effect/net/NetAddress"
import * as Option from "effect/Option"

type Request = HttpServerRequest.HttpServerRequest

/** Scheme and authority, where the request target has them, and the rest. */
const split = (url: string) => {
  const [, scheme, authority, path = ""] = /^(?:([a-z][a-z\d+.-]*):\/\/([^/?#]*))?(.*)$/is.exec(url) ?? []
  return { scheme: scheme?.toLowerCase(), authority, path: path.startsWith("/") ? path : `/${path}` }
}

const host = /^(?:\[[\da-f:.]+\]|[\w.-]+)(?::\d{1,5})?$/i

/**
 * `X-Forwarded-Proto` and `X-Forwarded-Host` of a trusted proxy. One value is
 * what the proxy saw. Of a list, one per proxy, `HttpMiddleware.xForwardedHeaders`
 * has picked the right one already.
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

/** The public URL of a request, with the configured base if there is one. */
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
