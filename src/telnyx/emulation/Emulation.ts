/**
 * Plays Telnyx for the emulator: its messages, groups and messaging profiles.
 */
import {
  type ApiReply,
  type ApiRequest,
  bearerToken,
  type Call,
  type Dialect,
  download,
  type Emulation,
  json,
  notEmulated,
  type Reason,
  retryAfter
} from "../../provider/Emulation.ts"
import * as Account from "./account.ts"
import { type Body, create, createGroup, isNumber, readBody, type Sender } from "./create.ts"
import { profileCall } from "./profiles.ts"
import { messageOf } from "./resources.ts"
import * as Webhooks from "./webhooks.ts"

const { problem } = Account

const failures: Partial<Record<Reason, Account.Code>> = {
  Authentication: 10009,
  AccountSuspended: 20012,
  NotEnabled: 40309,
  RateLimited: 10011,
  InvalidRecipient: 40310,
  InvalidSender: 40305,
  OptedOut: 40300,
  ContentRejected: 40002,
  UnregisteredSender: 40010,
  InvalidMessage: 40304,
  Unreachable: 40001,
  UnexpectedResponse: 10007,
  Expired: 40005
}

const codeOf = (reason: Reason): Account.Code => failures[reason] ?? 40008

const keywords: Dialect["keywords"] = {
  STOP: {
    words: ["STOP", "STOPALL", "STOP ALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"],
    reply: "You have been unsubscribed and will receive no more messages. Reply START to subscribe again."
  },
  START: { words: ["START", "UNSTOP"], reply: "You are subscribed again. Reply STOP to unsubscribe." },
  HELP: { words: ["HELP", "INFO"], reply: "Reply STOP to unsubscribe." }
}

/** What kind of sender each endpoint is for. */
const senders: Readonly<Record<string, Sender>> = {
  long_code: "long_code",
  short_code: "short_code",
  number_pool: "number_pool",
  alphanumeric_sender_id: "alphanumeric_sender_id"
}

const recipientsOf = ({ to }: Body): ReadonlyArray<string> =>
  (Array.isArray(to) ? to : [to]).filter((one) => typeof one === "string" && isNumber(one))

/** Reads a request that sends. */
const sendCall = (account: Account.Account, { body: text }: ApiRequest, endpoint: string | undefined): Call => {
  const body = readBody(text)
  const run = (): ApiReply => {
    if (body === undefined) return problem(10015, "The body is not a JSON object")
    if (endpoint === "group_mms") return createGroup(account, body)
    const sender = endpoint === undefined || endpoint === "schedule" ? "any" : senders[endpoint]!
    return create(account, body, sender, endpoint === "schedule")
  }
  return {
    operation: `messages.${endpoint ?? "send"}`,
    kind: "send",
    numbers: body === undefined ? [] : recipientsOf(body),
    run
  }
}

/** Telnyx returns a message for ten days. */
const kept = 10 * 86_400_000
/** A scheduled message can be canceled until a minute before its time. */
const cancelable = 60_000

const messageCall = (account: Account.Account, method: string, id: string): Call => {
  const { network } = account.options
  const message = network.find(id)
  if (method === "GET") {
    return {
      operation: "messages.retrieve",
      kind: "request",
      run: () =>
        message === undefined || network.now() - message.createdAt > kept
          ? problem(10005)
          : json(200, { data: messageOf(account, message) })
    }
  }
  return {
    operation: "messages.cancel_scheduled",
    kind: "request",
    run: () => {
      // Its errors are not in an array.
      if (message === undefined) return json(404, { code: "10005", title: "Resource not found" })
      const sendAt = Number(message.data["sendAt"] ?? 0)
      if (message.state !== "scheduled" || sendAt - network.now() < cancelable) {
        return json(403, { code: "10010", title: "The message is not scheduled, or it is too late to cancel it" })
      }
      network.change(message, "canceled")
      return json(200, messageOf(account, message))
    }
  }
}

const groupCall = (account: Account.Account, id: string): Call => ({
  operation: "messages.retrieve_group_messages",
  kind: "request",
  run: () => {
    const messages = account.options.network.group(id)
    return messages.length === 0
      ? problem(10005)
      : json(200, { data: messages.map((message) => messageOf(account, message)) })
  }
})

const route = (account: Account.Account, request: ApiRequest): Call => {
  const { method, path } = request
  const [version, resource, first, second, ...rest] = path.split("/").slice(1)
  const other = notEmulated(`${method} ${path}`)
  if (version !== "v2" || rest.length > 0) return other
  if (resource === "messaging_profiles") return profileCall(account, request, [first, second])
  if (resource !== "messages") return other
  if (method === "POST" && second === undefined) {
    const isKnown = first === undefined || first === "schedule" || first === "group_mms" ||
      Object.hasOwn(senders, first)
    return isKnown ? sendCall(account, request, first) : other
  }
  if (method === "GET" && first === "group" && second !== undefined) return groupCall(account, second)
  if ((method === "GET" || method === "DELETE") && first !== undefined && second === undefined) {
    return messageCall(account, method, first)
  }
  return other
}

/** Serves the files of received messages. Telnyx does not ask for credentials. */
const media = ({ options: { network } }: Account.Account) => (request: ApiRequest): ApiReply => {
  const file = network.file(request.path.slice(1))
  return file === undefined
    ? { status: 404, headers: { "content-type": "text/plain" }, body: "Not Found" }
    : download(request, file)
}

export const emulation: Emulation = {
  isHost: (host) => host === "api.telnyx.com",
  make: (options) => {
    const account = Account.make(options)
    return {
      env: {
        TELNYX_BASE_URL: options.baseUrl,
        TELNYX_API_KEY: account.apiKey,
        TELNYX_PUBLIC_KEY: account.publicKey,
        TELNYX_FROM: options.network.numbers[0]!
      },
      extras: { TELNYX_MESSAGING_PROFILE_ID: account.profileId },
      call: (request) =>
        bearerToken(request) === account.apiKey
          ? route(account, request)
          : { operation: "authenticate", kind: "request", run: () => problem(10009) },
      media: media(account),
      refuse: (refusal) => {
        switch (refusal._tag) {
          case "Refused":
            return problem(codeOf(refusal.reason))
          case "Failed":
            return { ...problem(refusal.status === 503 ? 10037 : 10007), status: refusal.status }
          case "RateLimited":
            return problem(10011, undefined, {
              headers: {
                "x-ratelimit-limit": "50",
                "x-ratelimit-remaining": "0",
                "x-ratelimit-reset": String(refusal.retryAfterSeconds ?? 1),
                ...retryAfter(refusal)
              }
            })
        }
      },
      inboundId: () => Account.generateId(options.network.random),
      codeOf: (reason) => String(codeOf(reason)),
      report: Webhooks.report(account),
      inbound: Webhooks.inbound(account),
      sign: Webhooks.sign(account),
      timeout: () => Webhooks.timeout,
      retry: Webhooks.retry,
      keywords
    }
  }
}
