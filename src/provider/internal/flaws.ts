/**
 * What is wrong with the value of a variable, and the likely mistake. A
 * description follows the name of the variable, and never repeats the value.
 */
import type { Kind } from "../../Address.ts"
import { isChannel } from "../../internal/addressText.ts"

/** `undefined` for a value that can be used. */
export type Flaw = string | undefined

const placeholder =
  /^(?:…|\.{3,}|x{3,}|.*(?:x{8,}|\*{8,}).*|\*{3,}|<.*>|change.?me|replace.?me|to.?do|your[-_ ].*|(?:insert|enter|paste)[-_ ].*|.*[-_ ]here)$/i
// As a shell, a compose file, a template and a batch file write it.
const otherVariable = /\$\{\w+[^}]*\}|^(?:\$[A-Z][A-Z\d_]{2,}|\$\(.*\)|\{[^"]*\}|%[A-Z][A-Z\d_]+%)$/s
// Format characters that pages and contact cards put around what is copied from them.
// oxlint-disable-next-line no-control-regex
const invisible = /[\u0000-\u0008\u000e-\u001f\u007f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/

/** Checks any value: for what the tools that set variables leave behind. */
export const text = (name: string, value: string): Flaw => {
  if (value.length > 1 && /^(["'`]).*\1$/s.test(value)) return "must be written without the quotes around it"
  if (otherVariable.test(value)) {
    return "is the name of another variable: whatever started the server has not replaced it by its value"
  }
  if (value.startsWith(`${name}=`)) return "begins with its own name: write the value alone"
  if (placeholder.test(value)) return "looks like a placeholder: write the value in its place"
  return invisible.test(value) ? "contains an invisible character: type it, or copy it as plain text" : undefined
}

/** Checks a secret. */
export const secret = (value: string): Flaw => {
  if (/^(?:bearer|basic)\s/i.test(value)) return "must be the secret alone, without the word before it"
  return /\s/.test(value) ? "must contain no blank and no line break: several are separated by commas" : undefined
}

/** Checks a secret of the callback URL, which an operator may copy with the URL around it. */
export const urlSecret = (value: string): Flaw =>
  /:\/\/|^\??token=/i.test(value) ? "must be the secret alone, without the URL or token= before it" : undefined

/** Checks a secret that requests are made with. */
export const credential = (value: string): Flaw =>
  secret(value) ?? (/^[!-~]+$/.test(value) ? undefined : "must consist of ASCII characters")

// A label of a name neither begins nor ends with a hyphen.
const asciiHost =
  /^(?:[^@/]*@)?(?:\[[\da-f:.]+\]|(?:\w(?:[\w-]*\w)?\.)*\w(?:[\w-]*\w)?\.?)(?::[1-9]\d{0,4})?(?:[/?#]|$)/i

/** Checks a URL that something is appended to. */
export const url = (value: string, appended: string): Flaw => {
  if (/\s/.test(value)) return "must contain no blanks"
  const [, rest] = /^https?:\/\/([^/].*)$/i.exec(value) ?? []
  if (rest === undefined) {
    return "must be a URL that begins with https:// or http://"
  }
  const [target = ""] = rest.split(/[?#]/)
  if (/^https?(?:[:/]|$)/i.test(target) || target.includes("://")) {
    return "must name the scheme once: several URLs have commas between them"
  }
  if (/[^!-~]/.test(value)) {
    return "must be written in ASCII: other letters of a host name as xn--…, those of a path as %…"
  }
  if (!asciiHost.test(rest) || !URL.canParse(value)) {
    return "must be a URL that names a host"
  }
  if (/[{}<>]/.test(value)) return "contains a placeholder in brackets: write the value in its place"
  // A query would swallow it.
  return /[?#]/.test(value) ? `must end before the query: the server appends ${appended}` : undefined
}

const pathOf = (url: string): string => url.replace(/^https?:\/\/[^/?#]*/i, "").split(/[?#]/, 1)[0]!.toLowerCase()

/** Checks whether a URL has a path that is appended to it. */
export const wholeUrl = (value: string, path: string): Flaw =>
  `${pathOf(value)}/`.includes(`${path}/`) ? `must end before ${path}: the server appends it` : undefined

/** Checks whether a URL ends with the beginning of a path that is appended to it. */
export const partialUrl = (value: string, path: string): Flaw => {
  const segments = path.split("/").slice(1, -1)
  const starts = segments.map((_, index) => `/${segments.slice(0, index + 1).join("/")}`)
  const found = starts.find((start) => pathOf(value).replace(/\/+$/, "").endsWith(start))
  return found === undefined ? undefined : `must end before ${found}: the server appends ${path}`
}

const expectedOf: Readonly<Record<Kind, string>> = {
  PhoneNumber: "a phone number with + and the country code, as in +447700900123",
  ShortCode: "a short code",
  SenderId: "a name of at most 11 letters and digits",
  ChannelAddress: "an address of a channel, as in whatsapp:+447700900123"
}

const disjunction = new Intl.ListFormat("en-GB", { type: "disjunction" })

/** The rules of a carrier about senders. */
export interface SenderRules {
  /** Those that it has. */
  readonly kinds: ReadonlyArray<Kind>
  /** Whether it writes numbers as digits, without `+`. */
  readonly digits?: boolean | undefined
  /** Whether it has numbers of North America only, which have eleven digits. */
  readonly northAmerican?: boolean | undefined
}

// The area code of a number of North America begins with 2 to 9.
const number = /^\+(?:1[2-9]\d{9}|[2-9]\d{6,14})$/

const noDecoration = "Write no blanks, brackets, dots or hyphens"
const noCountry = "The + is missing, or the country code"

/** The kind of a sender that is written as it must be, or the mistake. */
const read = (value: string, digits: boolean): Kind | { readonly mistake: string } => {
  if (number.test(value)) return "PhoneNumber"
  if (/^\+1\d*$/.test(value)) return { mistake: "After +1 come ten digits, of which the first is neither 0 nor 1" }
  if (value.startsWith("+")) return { mistake: noDecoration }
  if (/^\d{3,8}$/.test(value)) return "ShortCode"
  if (digits && number.test(`+${value}`)) return "PhoneNumber"
  if (/^\d+$/.test(value)) return { mistake: value.startsWith("00") ? "Write + in place of 00" : noCountry }
  if (!isChannel(/^([a-z]+):/i.exec(value)?.[1] ?? "whatsapp")) return { mistake: "Write the number alone" }
  if (/^whatsapp:(?!\+[1-9]\d{6,14}$)/i.test(value)) return { mistake: "After whatsapp: comes a phone number" }
  if (/^[a-z]+:\S+$/.test(value)) return "ChannelAddress"
  if (value.includes(":")) return { mistake: "The name of a channel is in lower case, and no blank follows it" }
  if (!/\p{L}/u.test(value)) return { mistake: noDecoration }
  return /^[A-Za-z\d &_+-]{1,11}$/.test(value)
    ? "SenderId"
    : { mistake: value.length > 11 ? "A name has at most 11 characters" : "A name consists of ASCII characters" }
}

/** Checks the sender of messages. */
export const sender = (value: string, { digits = false, kinds, northAmerican = false }: SenderRules): Flaw => {
  const found = northAmerican && /^\+?[2-9]\d{9}$/.test(value) ? { mistake: noCountry } : read(value, digits)
  if (typeof found === "string" && kinds.includes(found)) return undefined
  const expected = `must be ${disjunction.format(kinds.map((kind) => expectedOf[kind]))}`
  return typeof found === "string" ? expected : `${expected}. ${found.mistake}`
}
