/**
 * The lists of batches, delivery reports and received messages, in pages that
 * begin at 0.
 */
import { toMillis } from "../../provider/core/time.ts"
import { type ApiReply, json, type Message } from "../../provider/Emulation.ts"
import { type Account, bare, isReply, problem } from "./account.ts"
import { type Batch, batches, batchOf } from "./batches.ts"
import { inboundOf } from "./inbound.ts"
import { batchReport, dataOf, type Filter, isFinal, passes, recipientOf, recipientReport } from "./reports.ts"
import { digitsOf, withoutPlus } from "./request.ts"

const [defaultSize, maxSize] = [30, 100]
const day = 86_400_000
/** How long Sinch returns what it has. */
const kept = 14 * day

const listed = (text: string | null): ReadonlyArray<string> | undefined =>
  text === null || text === "" ? undefined : text.split(",").map((one) => one.trim())

const filterOf = (query: URLSearchParams): Filter => ({
  statuses: listed(query.get("status")),
  codes: listed(query.get("code"))
})

interface Range {
  readonly page: number
  readonly size: number
  readonly has: (at: number) => boolean
}

const count = (text: string | null, otherwise: number): number =>
  text === null ? otherwise : /^\d{1,6}$/.test(text) ? Number(text) : NaN

const rangeOf = ({ options: { network } }: Account, query: URLSearchParams): Range | ApiReply => {
  const now = network.now()
  const [page, size] = [count(query.get("page"), 0), count(query.get("page_size"), defaultSize)]
  if (Number.isNaN(page) || Number.isNaN(size)) {
    return problem("syntax_invalid_parameter_format", "page and page_size must be integers")
  }
  if (size < 1 || size > maxSize) return problem("syntax_constraint_violation", `page_size must be 1 to ${maxSize}`)
  const [since, until] = [query.get("start_date"), query.get("end_date")]
  const start = since === null ? now - day : toMillis(since)
  const end = until === null ? Infinity : toMillis(until)
  if (start === undefined || end === undefined) {
    return problem("syntax_invalid_parameter_format", "start_date and end_date must be times")
  }
  return { page, size, has: (at) => at >= Math.max(start, now - kept) && at < end }
}

/** Builds a page. `page_size` is how many items it has, and `count` how many there are. */
const pageOf = <A>(
  account: Account,
  query: URLSearchParams,
  name: string,
  find: (range: Range) => ReadonlyArray<A>,
  show: (item: A) => unknown
): ApiReply => {
  const range = rangeOf(account, query)
  if (isReply(range)) return range
  const { page, size } = range
  const found = find(range)
  const items = found.slice(page * size, (page + 1) * size)
  return json(200, { count: found.length, page, page_size: items.length, [name]: items.map(show) })
}

export const listBatches = (account: Account, query: URLSearchParams): ApiReply => {
  const senders = listed(query.get("from"))?.map(digitsOf)
  const reference = query.get("client_reference")
  const find = ({ has }: Range) =>
    [...batches(account).values()]
      .filter(({ createdAt, request: { from, shown } }: Batch) =>
        has(createdAt) && (senders?.includes(withoutPlus(from)) ?? true) &&
        (reference === null || shown["client_reference"] === reference)
      )
      .sort((a, b) => b.createdAt - a.createdAt)
  return pageOf(account, query, "batches", find, batchOf)
}

const select = ({ options: { network } }: Account, is: (message: Message) => boolean): ReadonlyArray<Message> => {
  const found: Array<Message> = []
  for (const message of network.messages()) if (is(message)) found.push(message)
  return found
}

/** Lists the reports on recipients that are final. */
export const listReports = (account: Account, query: URLSearchParams): ApiReply => {
  const reference = query.get("client_reference")
  const filter = filterOf(query)
  const find = ({ has }: Range) =>
    select(
      account,
      (message) =>
        message.direction === "outbound" && isFinal(message) && has(message.updatedAt) && passes(message, filter) &&
        (reference === null || dataOf(message).reference === reference)
    )
  return pageOf(account, query, "delivery_reports", find, recipientReport)
}

export const listInbounds = (account: Account, query: URLSearchParams): ApiReply => {
  const numbers = listed(query.get("to"))?.map(digitsOf)
  // No message has one: that takes a setting of the service plan.
  const reference = query.get("client_reference")
  const find = ({ has }: Range) =>
    select(account, (message) =>
      message.direction === "inbound" && has(message.createdAt) && reference === null &&
      (numbers?.includes(recipientOf(message)) ?? true))
  return pageOf(account, query, "inbounds", find, inboundOf(account))
}

export const getInbound = (account: Account, id: string): ApiReply => {
  const message = account.options.network.find(id)
  return message?.direction === "inbound" ? json(200, inboundOf(account)(message)) : bare(404)
}

/** Returns the report on a batch. */
export const getReport = (account: Account, { id, withdrawn }: Batch, query: URLSearchParams): ApiReply => {
  const type = query.get("type") ?? "summary"
  if (type !== "summary" && type !== "full") {
    return problem("syntax_constraint_violation", "type must be summary or full")
  }
  const messages = account.options.network.group(id)
  return messages.length === 0
    ? bare(404)
    : json(200, batchReport(messages, { isFull: type === "full", filter: filterOf(query), withdrawn }))
}

/** Returns the report on a recipient of a batch. */
export const getRecipientReport = (account: Account, { id }: Batch, number: string): ApiReply => {
  const recipient = digitsOf(number)
  const message = account.options.network.group(id).find((message) => recipientOf(message) === recipient)
  return message === undefined ? bare(404) : json(200, recipientReport(message))
}
