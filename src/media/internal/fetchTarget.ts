/**
 * Rules for the URLs that files may be fetched from.
 */
import * as Result from "effect/Result"
import { isRewritten } from "../../internal/webUrl.ts"
import { HostNotAllowed, InvalidUrl, PrivateAddress } from "../MediaError.ts"
import * as AddressRules from "./addressRules.ts"

/** Longer than any signed URL: an S3 URL with a session token takes about 2 kB. */
const maxLength = 8192

const defaultPorts: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" }

interface Endpoint {
  readonly protocol: string
  readonly hostname: string
  readonly port: string
}

/** Formats an endpoint as `host:port`, with the default port filled in. */
export const endpoint = ({ hostname, port, protocol }: Endpoint): string =>
  `${hostname.replace(/^\[(.*)\]$/, "$1")}:${port === "" ? defaultPorts[protocol] ?? "" : port}`

/** Builds a predicate that matches endpoints against a list of `host:port`. */
export const endpoints = (list: ReadonlyArray<string>): (at: Endpoint) => boolean => {
  const known = new Set(list.flatMap((entry) => {
    const url = URL.parse(`http://${entry}`)
    return url === null ? [] : [endpoint(url)]
  }))
  return (at) => known.has(endpoint(at))
}

/** Builds a predicate that matches a host against names and `*.name` wildcards. */
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

/** Builds a function that parses and checks a URL. `from` is the URL that redirected to it, if any. */
export const make = (rules: Rules) => {
  const isAllowed = (url: URL, from: URL | undefined) =>
    rules.isTestHost(url) || rules.isHost(url.hostname) || (from !== undefined && rules.isRedirectHost(url.hostname))

  return (text: string, from?: URL): Result.Result<URL, InvalidUrl | HostNotAllowed | PrivateAddress> => {
    const invalid = (expected: string) => Result.fail(new InvalidUrl({ expected }))
    if (text.length > maxLength) return invalid(`a URL of at most ${maxLength} characters`)
    if (isRewritten(text)) return invalid("a URL without control characters, or blanks around it")
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
      if (url.port !== "") return invalid("a URL with port 443")
    }
    // An https request must not be redirected to http, even between test hosts.
    if (from?.protocol === "https:" && url.protocol !== "https:") return invalid("an https URL")
    return isAllowed(url, from)
      ? Result.succeed(url)
      : Result.fail(new HostNotAllowed({ host: url.hostname, redirected: from !== undefined }))
  }
}
