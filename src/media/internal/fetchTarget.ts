/**
 * Where a file may be fetched from.
 */
import * as Result from "effect/Result"
import { HostNotAllowed, InvalidUrl, PrivateAddress } from "../MediaError.ts"
import * as AddressRules from "./addressRules.ts"

/** Longer than any signed URL: one of S3 with a session token takes about 2 kB. */
const maxLength = 8192

const defaultPorts: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" }

interface Endpoint {
  readonly protocol: string
  readonly hostname: string
  readonly port: string
}

/** One form for one end point, whatever its default port. */
export const endpoint = ({ hostname, port, protocol }: Endpoint): string =>
  `${hostname.replace(/^\[(.*)\]$/, "$1")}:${port === "" ? defaultPorts[protocol] ?? "" : port}`

/** Whether somebody is one of these `host:port`. */
export const endpoints = (list: ReadonlyArray<string>): (at: Endpoint) => boolean => {
  const known = new Set(list.flatMap((entry) => {
    const url = URL.parse(`http://${entry}`)
    return url === null ? [] : [endpoint(url)]
  }))
  return (at) => known.has(endpoint(at))
}

/** Whether a host is one of these names, or below one of these `*.names`. */
export const hosts = (list: ReadonlyArray<string>): (hostname: string) => boolean => {
  const names = new Set<string>()
  const suffixes: Array<string> = []
  for (const entry of list) {
    const isSuffix = entry.startsWith("*.")
    const hostname = URL.parse(`https://${isSuffix ? entry.slice(2) : entry}`)?.hostname
    if (hostname === undefined) continue
    if (isSuffix) suffixes.push(`.${hostname}`)
    else names.add(hostname)
  }
  return (hostname) => names.has(hostname) || suffixes.some((suffix) => hostname.endsWith(suffix))
}

export interface Rules {
  readonly isHost: (hostname: string) => boolean
  readonly isRedirectHost: (hostname: string) => boolean
  readonly isTestHost: (at: Endpoint) => boolean
}

/** The URL to go to, from where a redirect came if it was one. */
export const make = (rules: Rules) => {
  const isAllowed = (url: URL, from: URL | undefined) =>
    rules.isTestHost(url) || rules.isHost(url.hostname) || (from !== undefined && rules.isRedirectHost(url.hostname))

  return (text: string, from?: URL): Result.Result<URL, InvalidUrl | HostNotAllowed | PrivateAddress> => {
    const invalid = (expected: string) => Result.fail(new InvalidUrl({ expected }))
    if (text.length > maxLength) return invalid(`a URL of at most ${maxLength} characters`)
    const url = URL.parse(text, from)
    if (url === null) return invalid("an absolute URL")
    if (!Object.hasOwn(defaultPorts, url.protocol)) return invalid("an https URL")
    if (url.username !== "" || url.password !== "") return invalid("a URL without credentials")
    if (!rules.isTestHost(url)) {
      const address = AddressRules.literal(url.hostname)
      if (address !== undefined && !AddressRules.isPublic(address)) {
        return Result.fail(new PrivateAddress({ host: url.hostname }))
      }
      if (url.protocol !== "https:") return invalid("an https URL")
      if (url.port !== "") return invalid("a URL of port 443")
    }
    // Also between test hosts: what was asked for in secret is not answered in the open.
    if (from?.protocol === "https:" && url.protocol !== "https:") return invalid("an https URL")
    return isAllowed(url, from)
      ? Result.succeed(url)
      : Result.fail(new HostNotAllowed({ host: url.hostname, redirected: from !== undefined }))
  }
}
