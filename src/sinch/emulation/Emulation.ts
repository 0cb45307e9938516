/**
 * Plays Sinch for the emulator: the batches, delivery reports and inbound
 * messages of its SMS REST API. It has no groups.
 */
import {
  type ApiReply,
  type ApiRequest,
  bearerToken,
  type Call,
  type Emulation,
  notEmulated,
  type Reason,
  type RefusedCall,
  retryAfter
} from "../../provider/Emulation.ts"
import * as Account from "./account.ts"
import * as Batches from "./batches.ts"
import { media } from "./inbound.ts"
import * as Lists from "./lists.ts"
import { codeOf, isFinal } from "./reports.ts"
import { digitsOf, parseBody } from "./request.ts"
import * as Webhooks from "./webhooks.ts"

const { bare, problem } = Account

/** What Sinch refuses. Of anything else it learns later, and says so in a delivery report. */
const refusals: Partial<Record<Reason, () => ApiReply>> = {
  Authentication: () => bare(401),
  AccountSuspended: () => problem("blocked_account", "The account is blocked"),
  RateLimited: () => bare(429),
  InvalidRecipient: () => problem("syntax_invalid_parameter_format", "A recipient is not a valid identifier"),
  InvalidSender: () => problem("illegal_number_type", "The sender is not one of the service plan"),
  InvalidMessage: () => problem("syntax_constraint_violation", "The message is not valid"),
  UnexpectedResponse: () => bare(500)
}

const sent = "batches.send"

/** Refuses the messages of a batch in their delivery reports. */
const refuseLater = ({ options: { network } }: Account.Account, call: Call, reason: Reason): ApiReply => {
  const reply = call.run()
  if (call.operation !== sent || reply.status !== 201) return reply
  const { id } = JSON.parse(String(reply.body)) as { readonly id: string }
  for (const message of network.group(id)) {
    if (!isFinal(message)) network.change(message, Number(codeOf(reason)) < 400 ? "undelivered" : "failed", reason)
  }
  return reply
}

const refuse = (account: Account.Account) => (refusal: RefusedCall, call: Call): ApiReply => {
  switch (refusal._tag) {
    case "Refused":
      return refusals[refusal.reason]?.() ?? refuseLater(account, call, refusal.reason)
    case "Failed":
      return bare(refusal.status)
    case "RateLimited":
      return bare(429, retryAfter(refusal))
  }
}

const request = (operation: string, run: () => ApiReply): Call => ({ operation, kind: "request", run })

const recipientsOf = (text: string): ReadonlyArray<string> => {
  const body = parseBody(text)
  const to = Account.isReply(body) ? undefined : body["to"]
  return Array.isArray(to) ? to.map((one) => `+${digitsOf(String(one))}`) : []
}

/** Reads a request about a batch. */
const batchCall = (
  account: Account.Account,
  { body, method, query }: ApiRequest,
  [id, resource, number]: ReadonlyArray<string>
): Call | undefined => {
  const at = (operation: string, run: (batch: Batches.Batch) => ApiReply): Call =>
    request(operation, () => {
      const batch = Batches.batches(account).get(id!)
      return batch === undefined ? bare(404) : run(batch)
    })
  switch ([method, resource, number === undefined ? undefined : "number"].filter(Boolean).join(" ")) {
    case "GET":
      return at("batches.get", (batch) => Batches.get(batch))
    case "POST":
      return at("batches.update", (batch) => Batches.withBody(body, (body) => Batches.update(account, batch, body)))
    case "PUT":
      return at("batches.replace", (batch) => Batches.withBody(body, (body) => Batches.replace(account, batch, body)))
    case "DELETE":
      return at("batches.cancel", (batch) => Batches.cancel(account, batch))
    case "POST delivery_feedback":
      return at(
        "batches.sendDeliveryFeedback",
        (batch) => Batches.withBody(body, (body) => Batches.giveFeedback(account, batch, body))
      )
    case "GET delivery_report":
      return at("deliveryReports.get", (batch) => Lists.getReport(account, batch, new URLSearchParams(query)))
    case "GET delivery_report number":
      return at("deliveryReports.getForNumber", (batch) => Lists.getRecipientReport(account, batch, number!))
    default:
      return undefined
  }
}

const route = (account: Account.Account, asked: ApiRequest, parts: ReadonlyArray<string>): Call | undefined => {
  const { body, method, query } = asked
  const parameters = new URLSearchParams(query)
  const [resource, id, ...rest] = parts
  if (rest.length > 2) return undefined
  if (resource === "batches" && id === undefined) {
    if (method === "GET") return request("batches.list", () => Lists.listBatches(account, parameters))
    return method !== "POST" ? undefined : {
      operation: sent,
      kind: "send",
      numbers: recipientsOf(body),
      run: () => Batches.withBody(body, (body) => Batches.send(account, body))
    }
  }
  if (resource === "batches" && id === "dry_run" && rest.length === 0) {
    return method !== "POST"
      ? undefined
      : request("batches.dryRun", () => Batches.withBody(body, (body) => Batches.dryRun(account, body, parameters)))
  }
  if (resource === "batches") return batchCall(account, asked, [id!, ...rest])
  if (method !== "GET" || rest.length > 0) return undefined
  if (resource === "delivery_reports" && id === undefined) {
    return request("deliveryReports.list", () => Lists.listReports(account, parameters))
  }
  if (resource !== "inbounds") return undefined
  return id === undefined
    ? request("inbounds.list", () => Lists.listInbounds(account, parameters))
    : request("inbounds.get", () => Lists.getInbound(account, id))
}

const call = (account: Account.Account) => (asked: ApiRequest): Call => {
  const { body, headers, method, path } = asked
  const [, first, version, plan, ...parts] = path.split("/")
  if (first !== "xms" || version !== "v1") return notEmulated(`${method} ${path}`)
  if (bearerToken(asked) !== account.apiToken || plan !== account.planId) {
    return request("authenticate", () => bare(401))
  }
  if (body !== "" && !/^application\/json\b/i.test(headers["content-type"] ?? "")) {
    return request("read", () => bare(415))
  }
  return route(account, asked, parts) ?? notEmulated(`${method} ${parts.join("/")}`)
}

export const emulation: Emulation = {
  isHost: (host) => /^(?:us|eu|au|br|ca)\.sms\.api\.sinch\.com$/.test(host),
  make: (options) => {
    const account = Account.make(options)
    return {
      env: {
        SINCH_BASE_URL: options.baseUrl,
        SINCH_SERVICE_PLAN_ID: account.planId,
        SINCH_API_TOKEN: account.apiToken,
        SINCH_REGION: "us",
        SINCH_WEBHOOK_SECRET: account.webhookSecret,
        SINCH_FROM: options.network.numbers[0]!
      },
      call: call(account),
      media: media(account),
      refuse: refuse(account),
      inboundId: () => Account.generateId(options.network),
      codeOf,
      report: Webhooks.report(account),
      inbound: Webhooks.inbound(account),
      sign: Webhooks.sign(account),
      timeout: () => Webhooks.timeout,
      retry: Webhooks.retry
    }
  }
}
