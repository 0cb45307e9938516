/**
 * What a carrier's folder defines so that the emulator can play the carrier:
 * its API, its webhooks and its rules, as plain synchronous functions over a
 * simulated network.
 *
 * The network keeps what all carriers have (messages, people, opt-outs, files,
 * scheduled steps) and decides what becomes of a message. The dialect only
 * translates: requests into calls of the network, and what happens there into
 * responses and webhooks.
 *
 * @since 0.1.0
 */
import type { Status } from "../DeliveryStatus.ts"
import { terminal } from "../internal/terminal.ts"
import type { Refusal } from "../SmsError.ts"

/**
 * The state of an emulated message: a delivery status, or `received` for an
 * inbound message.
 *
 * @category models
 * @since 0.1.0
 */
export type State = Status | "received"

const terminals: ReadonlySet<State> = new Set(["received", ...terminal])

/**
 * Returns whether nothing follows the state.
 *
 * @category guards
 * @since 0.1.0
 */
export const isTerminal = (state: State): boolean => terminals.has(state)

/**
 * Why a message was refused or not delivered, in words that all carriers share.
 * Each dialect has its own code for it.
 *
 * @category models
 * @since 0.1.0
 */
export type Reason = Refusal | "Expired" | "Unknown"

/**
 * A file of a message, which the network keeps.
 *
 * @category models
 * @since 0.1.0
 */
export interface File {
  readonly id: string
  readonly type: string
  readonly bytes: Uint8Array
}

/**
 * A message on the network. `data` is the dialect's own, and must be JSON.
 *
 * @category models
 * @since 0.1.0
 */
export interface Message {
  /** The carrier's id, as its API writes it. */
  readonly id: string
  readonly carrier: string
  readonly direction: "inbound" | "outbound"
  /** The sender: a number with `+`, a short code or a name. */
  from: string
  /** The recipient: a number with `+`, or a short code. */
  readonly to: string
  text: string
  /** The URLs of the files of an outbound message. */
  readonly urls: ReadonlyArray<string>
  /** The ids of the files of an inbound message. */
  readonly files: ReadonlyArray<string>
  readonly segments: number
  readonly createdAt: number
  updatedAt: number
  sentAt?: number | undefined
  state: State
  /** Why it was not delivered. */
  reason?: Reason | undefined
  /** The carrier's code for the reason. */
  code?: string | undefined
  /** The URL for delivery reports. */
  readonly callback?: string | undefined
  /** The id that messages share which were sent with one request. */
  readonly group?: string | undefined
  /** The opt-out word that the network recognized in an inbound message. */
  readonly keyword?: Keyword | undefined
  readonly data: Readonly<Record<string, unknown>>
}

/**
 * What an inbound message asks of a carrier that handles opt-outs.
 *
 * @category models
 * @since 0.1.0
 */
export type Keyword = "STOP" | "START" | "HELP"

/**
 * An outbound message that an API request made.
 *
 * @category models
 * @since 0.1.0
 */
export interface Draft {
  readonly id: string
  readonly from: string
  readonly to: string
  readonly text: string
  readonly urls?: ReadonlyArray<string> | undefined
  readonly segments: number
  /** The state in which the API reports it at first: `queued` by default. It is not reported by a webhook. */
  readonly state?: "accepted" | "queued" | "sending" | "scheduled" | undefined
  /** When a scheduled message is sent, in epoch milliseconds. */
  readonly sendAt?: number | undefined
  readonly callback?: string | undefined
  readonly group?: string | undefined
  readonly data?: Readonly<Record<string, unknown>> | undefined
}

/**
 * A seeded generator of pseudo-random values. For ids and generated
 * credentials of an emulator only.
 *
 * @category models
 * @since 0.1.0
 */
export interface Random {
  /** Returns a number from 0 up to, but not including, 1. */
  readonly next: () => number
  /** Returns a text of lower-case hexadecimal digits. */
  readonly hex: (length: number) => string
  /** Returns a text of letters and digits. */
  readonly text: (length: number) => string
}

/**
 * The cryptography of signatures, synchronous.
 *
 * @category models
 * @since 0.1.0
 */
export interface Crypto {
  /** Prepares a key, and returns the HMAC of a text in Base64. */
  readonly hmac: (hash: "sha1" | "sha256", key: string) => (text: string) => string
  /** The SHA-256 of a text, in lower-case hexadecimal digits. */
  readonly sha256: (text: string) => string
  /** Makes an Ed25519 key from a seed of 64 hexadecimal digits. Both results are in Base64. */
  readonly ed25519: (seed: string) => { readonly publicKey: string; readonly sign: (text: string) => string }
}

/**
 * The part of the simulated network that belongs to one carrier.
 *
 * @category models
 * @since 0.1.0
 */
export interface Network {
  /** The time in epoch milliseconds. A rule of faults may put a carrier's clock wrong. */
  readonly now: () => number
  readonly random: Random
  /** Returns whether the number is one that the application has at this carrier. */
  readonly owns: (number: string) => boolean
  /** The numbers that the application has at this carrier. */
  readonly numbers: ReadonlyArray<string>
  /** Takes a message: it walks through its states from now on. */
  readonly accept: (draft: Draft) => Message
  readonly find: (id: string) => Message | undefined
  /** The messages, newest first. */
  readonly messages: () => Iterable<Message>
  /** The messages of a group, oldest first. */
  readonly group: (id: string) => ReadonlyArray<Message>
  /** Sets the state of a message, and reports it. What the message had ahead of it no longer happens. */
  readonly change: (message: Message, state: State, reason?: Reason) => void
  readonly remove: (message: Message) => void
  readonly hasOptedOut: (sender: string, person: string) => boolean
  readonly file: (id: string) => File | undefined
  readonly removeFile: (id: string) => void
  /** Posts a webhook, after so many milliseconds. */
  readonly post: (webhook: Webhook, after?: number) => void
  /**
   * The dialect's own records of a kind, by key. They must be JSON. The oldest
   * are lost beyond a limit.
   */
  readonly records: <A>(kind: string) => Records<A>
  /** Notes something that the real carrier would not tell, such as an unknown field, in the log. */
  readonly warn: (warning: string) => void
}

/**
 * The dialect's own records, in the order of their insertion.
 *
 * @category models
 * @since 0.1.0
 */
export interface Records<A> {
  readonly get: (key: string) => A | undefined
  readonly set: (key: string, value: A) => void
  readonly delete: (key: string) => boolean
  readonly values: () => Iterable<A>
}

/**
 * A request to the API of the carrier.
 *
 * @category models
 * @since 0.1.0
 */
export interface ApiRequest {
  readonly method: string
  /** The path, below the carrier's base URL, without the query. */
  readonly path: string
  /** The query, without `?`. */
  readonly query: string
  /** The headers, with lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

/**
 * A response of the API.
 *
 * @category models
 * @since 0.1.0
 */
export interface ApiReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
}

/**
 * The kinds of exchanges that faults distinguish: an API request that sends,
 * another API request, the download of a file, a delivery report, and the
 * webhook of a received message.
 *
 * @category models
 * @since 0.1.0
 */
export type Kind = "send" | "request" | "media" | "status" | "inbound"

/**
 * What a request asks for. Nothing has happened until `run`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Call {
  /** The operation in the carrier's own words, such as `messages.create`. */
  readonly operation: string
  readonly kind: Kind
  /** The recipients of a send. */
  readonly numbers?: ReadonlyArray<string> | undefined
  readonly run: () => ApiReply
}

/**
 * A webhook before it is signed.
 *
 * @category models
 * @since 0.1.0
 */
export interface Webhook {
  readonly kind: "status" | "inbound"
  readonly method: "POST" | "GET"
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** The carrier's id of the message that the webhook concerns. */
  readonly messageId: string
  /** The number of the person. */
  readonly number: string
  /** What the dialect needs to sign it, to repeat it and to read its response. It must be JSON. */
  readonly data?: Readonly<Record<string, unknown>> | undefined
}

/**
 * How an attempt to post a webhook ended.
 *
 * @category models
 * @since 0.1.0
 */
export type Outcome =
  | {
    readonly _tag: "Answered"
    readonly status: number
    /** The headers, with lower-case names. */
    readonly headers: Readonly<Record<string, string | undefined>>
    readonly body: string
  }
  /** No connection was made. */
  | { readonly _tag: "Unreachable" }
  /** The response did not arrive in time. */
  | { readonly _tag: "TimedOut" }

/**
 * The next attempt to post a webhook.
 *
 * @category models
 * @since 0.1.0
 */
export interface Retry {
  /** The time until then, in milliseconds. */
  readonly after: number
  /** The webhook to post then, if not the same. */
  readonly webhook?: Webhook | undefined
}

/**
 * A running dialect.
 *
 * @category models
 * @since 0.1.0
 */
export interface Dialect {
  /** The environment variables that configure a server for this carrier, with the base URL. */
  readonly env: Readonly<Record<string, string>>
  /** More variables that may be set. */
  readonly extras?: Readonly<Record<string, string>> | undefined
  /** Reads a request. A request that is not emulated gets the response of {@link notEmulated}. */
  readonly call: (request: ApiRequest) => Call
  /** Builds the response that refuses a request, or that reports a failure of the carrier: a fault. */
  readonly refuse: (refusal: RefusedCall, call: Call) => ApiReply
  /** Answers a request below the carrier's media URL. */
  readonly media?: ((request: ApiRequest) => ApiReply) | undefined
  /** Generates the id of an inbound message. */
  readonly inboundId: (hasFiles: boolean) => string
  /** Returns the carrier's code for a reason. */
  readonly codeOf: (reason: Reason) => string
  /** Builds the delivery report about the state of a message, if the carrier reports that state. */
  readonly report: (message: Message) => Webhook | undefined
  /** Builds the webhooks of a received message, each with the milliseconds until it is posted. */
  readonly inbound: (message: Message) => ReadonlyArray<{ readonly webhook: Webhook; readonly after: number }>
  /**
   * Returns the headers that sign a webhook. `forged` asks for a signature with
   * another key.
   */
  readonly sign: (webhook: Webhook, options: { readonly forged: boolean; readonly attempt: number }) => Readonly<
    Record<string, string>
  >
  /** Puts a wrong secret into a webhook, where the secret is in the URL. */
  readonly forge?: ((webhook: Webhook) => Webhook) | undefined
  /** The time that an application has for its response, in milliseconds. */
  readonly timeout: (webhook: Webhook) => number
  /** Returns the next attempt after one that has ended, if there is one. `attempt` is 1 at first. */
  readonly retry: (webhook: Webhook, attempt: number, outcome: Outcome) => Retry | undefined
  /** Reads the response to a webhook, which may be a message. */
  readonly answered?: ((webhook: Webhook, outcome: Outcome & { readonly _tag: "Answered" }) => void) | undefined
  /** The words by which people opt out and in again, in upper case, and the replies of the carrier itself. */
  readonly keywords?:
    | Readonly<Record<Keyword, { readonly words: ReadonlyArray<string>; readonly reply: string }>>
    | undefined
}

/**
 * A refusal that a fault or a magic number asks for.
 *
 * @category models
 * @since 0.1.0
 */
export type RefusedCall =
  | { readonly _tag: "Refused"; readonly reason: Reason }
  | { readonly _tag: "RateLimited"; readonly retryAfterSeconds: number | undefined }
  | { readonly _tag: "Failed"; readonly status: number }

/**
 * What a dialect is made from.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly network: Network
  /** The seeded generator of credentials. */
  readonly random: Random
  readonly crypto: Crypto
  /** The base URL of the API, such as `http://127.0.0.1:4010/carrier`. */
  readonly baseUrl: string
  /** The base URL of files, on another origin than the API. */
  readonly mediaUrl: string
  /** Where the application receives messages and delivery reports. */
  readonly inboundUrl: string
  readonly statusUrl: string
}

/**
 * The emulation of a carrier.
 *
 * @category models
 * @since 0.1.0
 */
export interface Emulation {
  /** Makes the dialect, with generated credentials. No other credentials are accepted. */
  readonly make: (options: Options) => Dialect
  /** Returns whether a host name is one of the carrier's API, for clients that only let the host be redirected. */
  readonly isHost?: ((host: string) => boolean) | undefined
  /** The carrier's own test numbers, for the table of magic numbers. */
  readonly magicNumbers?: ReadonlyArray<{ readonly number: string; readonly effect: string }> | undefined
}

/**
 * Builds a JSON response.
 *
 * @category constructors
 * @since 0.1.0
 */
export const json = (status: number, body: unknown, headers?: Readonly<Record<string, string>>): ApiReply => ({
  status,
  headers: { "content-type": "application/json", ...headers },
  body: JSON.stringify(body)
})

/**
 * Builds the response to the download of a file.
 *
 * @category constructors
 * @since 0.1.0
 */
export const download = (
  { method }: ApiRequest,
  { bytes, type }: Pick<File, "bytes" | "type">
): ApiReply => ({
  status: 200,
  headers: { "content-type": type, "content-length": String(bytes.length) },
  body: method === "HEAD" ? "" : bytes
})

/**
 * Builds the header that says when a request may be made again.
 *
 * @category constructors
 * @since 0.1.0
 */
export const retryAfter = (
  { retryAfterSeconds }: RefusedCall & { readonly _tag: "RateLimited" }
): Readonly<Record<string, string>> =>
  retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) }

/**
 * Builds the call of an operation that the emulator does not have. It is
 * answered with 501 and the operation's name.
 *
 * @category constructors
 * @since 0.1.0
 */
export const notEmulated = (operation: string): Call => ({
  operation,
  kind: "request",
  run: () => json(501, { error: "not emulated", operation, message: `The emulator does not have ${operation}` })
})

/**
 * Reads the user name and the password of Basic authentication.
 *
 * @category readers
 * @since 0.1.0
 */
export const basicAuth = (
  { headers }: ApiRequest
): { readonly username: string; readonly password: string } | undefined => {
  const [, encoded] = /^basic +([\w+/=-]+) *$/i.exec(headers["authorization"] ?? "") ?? []
  if (encoded === undefined) return undefined
  const text = decodeBase64(encoded)
  const colon = text?.indexOf(":") ?? -1
  return text === undefined || colon === -1
    ? undefined
    : { username: text.slice(0, colon), password: text.slice(colon + 1) }
}

const decodeBase64 = (text: string): string | undefined => {
  try {
    return atob(text)
  } catch {
    return undefined
  }
}

/**
 * Reads the token of Bearer authentication.
 *
 * @category readers
 * @since 0.1.0
 */
export const bearerToken = ({ headers }: ApiRequest): string | undefined =>
  /^bearer +(\S+) *$/i.exec(headers["authorization"] ?? "")?.[1]
