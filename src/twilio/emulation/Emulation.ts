/**
 * Plays Twilio for the emulator: the Message resource, its media, and the
 * resources around it.
 */
import {
  type ApiReply,
  type ApiRequest,
  basicAuth,
  type Call,
  type Dialect,
  type Emulation,
  json,
  notEmulated
} from "../../provider/Emulation.ts"
import * as Account from "./account.ts"
import { create, magicNumbers, recipientOf } from "./create.ts"
import { failureOf, problem, refusalOf } from "./problems.ts"
import { messageOf } from "./resources.ts"
import * as Webhooks from "./webhooks.ts"

const isAuthorized = (account: Account.Account, request: ApiRequest): boolean => {
  const credentials = basicAuth(request)
  if (credentials === undefined) return false
  const { password, username } = credentials
  return (username === account.sid && password === account.authToken) ||
    (username === account.keySid && password === account.keySecret)
}

const unauthorized = (): ApiReply => problem(20003, "", { "www-authenticate": "Basic realm=\"Twilio API\"" })

/** Routes below the account, without `.json`. */
const messages = (account: Account.Account, request: ApiRequest, rest: ReadonlyArray<string>): Call => {
  const { network } = account.options
  const [id] = rest
  if (id === undefined) {
    if (request.method === "POST") {
      const form = new URLSearchParams(request.body)
      const to = recipientOf(form)
      return {
        operation: "messages.create",
        kind: "send",
        numbers: to === undefined ? [] : [to],
        run: () => create(account, form)
      }
    }
  }
  if (id !== undefined && rest.length === 1 && request.method === "GET") {
    return {
      operation: "messages.fetch",
      kind: "request",
      run: () => {
        const message = network.find(id)
        return message === undefined ? problem(20404) : json(200, messageOf(account, message))
      }
    }
  }
  return notEmulated(`${request.method} Messages`)
}

const call = (account: Account.Account) => (request: ApiRequest): Call => {
  const [, version, accounts, sid, resource, ...rest] = request.path.replace(/\.json$/, "").split("/")
  if (!isAuthorized(account, request)) return { operation: "authenticate", kind: "request", run: unauthorized }
  if (version !== "2010-04-01" || accounts !== "Accounts") return notEmulated(`${request.method} ${request.path}`)
  if (sid !== account.sid) return { operation: "accounts", kind: "request", run: () => problem(20404) }
  if (resource === "Messages") return messages(account, request, rest)
  return notEmulated(`${request.method} ${resource ?? "Accounts"}`)
}

const keywords: Dialect["keywords"] = {
  STOP: {
    words: ["STOP", "STOPALL", "UNSUBSCRIBE", "END", "QUIT", "CANCEL", "REVOKE", "OPTOUT"],
    reply: "You have successfully been unsubscribed. You will not receive any more messages from this number. " +
      "Reply START to resubscribe."
  },
  START: {
    words: ["START", "YES", "UNSTOP"],
    reply: "You have successfully been re-subscribed to messages from this number. Reply HELP for help. " +
      "Reply STOP to unsubscribe. Msg&Data Rates May Apply."
  },
  HELP: { words: ["HELP", "INFO"], reply: "Reply STOP to unsubscribe. Msg&Data Rates May Apply." }
}

export const emulation: Emulation = {
  isHost: (host) => /^(?:api|messaging)(?:\.[a-z-]+\.[a-z]{2}\d)?\.twilio\.com$/.test(host),
  magicNumbers,
  make: (options) => {
    const account = Account.make(options)
    const { network } = options
    return {
      env: {
        TWILIO_BASE_URL: options.baseUrl,
        TWILIO_ACCOUNT_SID: account.sid,
        TWILIO_AUTH_TOKEN: account.authToken,
        TWILIO_FROM: network.numbers[0]!
      },
      call: call(account),
      refuse: (refusal) => {
        switch (refusal._tag) {
          case "Refused":
            return problem(refusalOf(refusal.reason))
          case "Failed":
            return problem(refusal.status === 503 ? 20503 : 20500)
          case "RateLimited":
            return problem(20429, "", {
              "twilio-concurrent-requests": "100",
              ...(refusal.retryAfterSeconds !== undefined && { "retry-after": String(refusal.retryAfterSeconds) })
            })
        }
      },
      inboundId: (hasFiles) => `${hasFiles ? "MM" : "SM"}${network.random.hex(32)}`,
      codeOf: failureOf,
      report: Webhooks.report(account),
      inbound: Webhooks.inbound(account),
      sign: Webhooks.sign(account),
      timeout: Webhooks.timeout,
      retry: Webhooks.retry(account),
      keywords
    }
  }
}
