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
  notEmulated,
  retryAfter
} from "../../provider/Emulation.ts"
import * as Account from "./account.ts"
import { magicNumbers } from "./create.ts"
import { serve } from "./media.ts"
import * as Messages from "./messages.ts"
import { accountCall, numbersCall, servicesCall } from "./owned.ts"
import { failureOf, problem, refusalOf } from "./problems.ts"
import { answered } from "./replies.ts"
import * as Webhooks from "./webhooks.ts"
import { toXml } from "./xml.ts"

const isAuthorized = (account: Account.Account, request: ApiRequest): boolean => {
  const credentials = basicAuth(request)
  if (credentials === undefined) return false
  const { password, username } = credentials
  return (username === account.sid && password === account.authToken) ||
    (username === account.keySid && password === account.keySecret)
}

const unauthorized = (): ApiReply => problem(20003, "", { "www-authenticate": "Basic realm=\"Twilio API\"" })

/** Names a single resource in XML. */
const elementNames: Readonly<Record<string, string>> = {
  Accounts: "Account",
  Messages: "Message",
  Media: "Media",
  IncomingPhoneNumbers: "IncomingPhoneNumber"
}

const route = (account: Account.Account, request: ApiRequest, path: ReadonlyArray<string>): Call => {
  const [version, collection, sid, resource, ...rest] = path
  const { method } = request
  if (version === "v1" && collection === "Services") return servicesCall(account, request, path.slice(2))
  if (version !== "2010-04-01" || collection !== "Accounts") return notEmulated(`${method} ${request.path}`)
  if (sid !== undefined && sid !== account.sid) {
    return { operation: "accounts", kind: "request", run: () => problem(20404) }
  }
  switch (resource) {
    case undefined:
      return accountCall(account, request, sid)
    case "Messages":
      return Messages.call(account, request, rest)
    case "IncomingPhoneNumbers":
      return numbersCall(account, request, rest)
    default:
      return notEmulated(`${method} ${resource}`)
  }
}

const call = (account: Account.Account) => (request: ApiRequest): Call => {
  if (!isAuthorized(account, request)) return { operation: "authenticate", kind: "request", run: unauthorized }
  const isJson = request.path.endsWith(".json")
  const path = (isJson ? request.path.slice(0, -5) : request.path).split("/").slice(1).filter((part) => part !== "")
  const found = route(account, request, path)
  if (isJson || path[0] !== "2010-04-01") return found
  const name = path.findLast((part) => Object.hasOwn(elementNames, part)) ?? "Accounts"
  return { ...found, run: () => toXml(found.run(), elementNames[name]!) }
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
      extras: {
        TWILIO_MESSAGING_SERVICE_SID: account.serviceSid,
        TWILIO_API_KEY: account.keySid,
        TWILIO_API_SECRET: account.keySecret
      },
      call: call(account),
      media: serve(account),
      refuse: (refusal) => {
        switch (refusal._tag) {
          case "Refused":
            return problem(refusalOf(refusal.reason))
          case "Failed":
            return problem(refusal.status === 503 ? 20503 : 20500)
          case "RateLimited":
            return problem(20429, "", {
              "twilio-concurrent-requests": "100",
              ...retryAfter(refusal)
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
      answered: answered(account),
      keywords
    }
  }
}
