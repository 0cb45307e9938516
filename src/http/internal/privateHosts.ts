/**
 * Detects hosts that are not part of the public internet, so that no carrier can
 * reach them.
 */
import { isPublic, literal } from "../../media/internal/addressRules.ts"

/** The names that are reserved for local networks and tests (RFC 2606, RFC 6762, RFC 9476). */
const localDomain = /(?:^|\.)(?:localhost|local|internal|intranet|lan|home\.arpa|test|invalid|example|alt)$/

/** Returns whether the host of a URL is a private address or a name that exists in a local network only. */
export const isPrivate = (url: string): boolean => {
  const hostname = URL.parse(url)?.hostname.replace(/\.$/, "")
  if (hostname === undefined || hostname === "") return false
  const ip = literal(hostname)
  return ip === undefined ? !hostname.includes(".") || localDomain.test(hostname) : !isPublic(ip)
}
