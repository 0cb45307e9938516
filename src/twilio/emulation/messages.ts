/**
 * The Message resource, beside its creation
 * (https://www.twilio.com/docs/messaging/api/message-resource).
 */
import { type ApiReply, type ApiRequest, type Call, json, type Message, notEmulated } from "../../provider/Emulation.ts"
import type { Account } from "./account.ts"
import { create, recipientOf } from "./create.ts"
import { dateFilter } from "./dates.ts"
import * as Media from "./media.ts"
import { listOf } from "./paging.ts"
import { problem } from "./problems.ts"
import { messageOf, messageUri, time } from "./resources.ts"

/** Builds the filter of a list. */
const filterOf = (query: URLSearchParams): (message: Message) => boolean => {
  const [to, from] = [query.get("To"), query.get("From")]
  const isSentThen = dateFilter(query, "DateSent")
  return (message) =>
    (to === null || message.to === to) && (from === null || message.from === from) &&
    isSentThen(message.direction === "inbound" ? message.createdAt : message.sentAt)
}

function* filtered(messages: Iterable<Message>, isWanted: (message: Message) => boolean): Iterable<Message> {
  for (const message of messages) if (isWanted(message)) yield message
}

const list = (account: Account, request: ApiRequest): ApiReply => {
  const query = new URLSearchParams(request.query)
  return listOf({
    key: "messages",
    items: filtered(account.options.network.messages(), filterOf(query)),
    query,
    sidOf: ({ id }) => id,
    show: (message) => messageOf(account, message),
    uri: `${messageUri(account, "").slice(0, -1)}.json`
  })
}

const isFinal = ({ state }: Message): boolean => !["accepted", "scheduled", "queued", "sending"].includes(state)

/** Redacts the text, or cancels a scheduled message. */
const update = (account: Account, message: Message, form: URLSearchParams): ApiReply => {
  const [body, status] = [form.get("Body"), form.get("Status")]
  if (status !== null) {
    if (status !== "canceled") return problem(20001, "Status")
    if (message.state !== "scheduled") return problem(30409)
    account.options.network.change(message, "canceled")
    return json(200, messageOf(account, message))
  }
  if (body === null) return problem(20001, "Body or Status is required")
  // Only the deletion of the text is possible.
  if (body !== "") return problem(20001, "Body must be empty")
  if (!isFinal(message)) return problem(20009)
  message.text = ""
  return json(200, messageOf(account, message))
}

const remove = (account: Account, message: Message): ApiReply => {
  if (!isFinal(message)) return problem(20009)
  for (const file of message.files) account.options.network.removeFile(file)
  account.options.network.remove(message)
  return { status: 204, headers: {}, body: "" }
}

const feedback = (account: Account, message: Message, form: URLSearchParams): ApiReply => {
  const now = time(account.options.network.now())
  return json(200, {
    account_sid: account.sid,
    date_created: now,
    date_updated: now,
    message_sid: message.id,
    outcome: form.get("Outcome") ?? "confirmed",
    uri: `${messageUri(account, message.id)}/Feedback.json`
  })
}

/** Reads a request below `Messages`. */
export const call = (account: Account, request: ApiRequest, [id, ...rest]: ReadonlyArray<string>): Call => {
  const { body, method } = request
  const found = (operation: string, run: (message: Message) => ApiReply): Call => ({
    operation,
    kind: "request",
    run: () => {
      const message = account.options.network.find(id!)
      return message === undefined ? problem(20404) : run(message)
    }
  })
  if (id === undefined) {
    if (method === "GET") return { operation: "messages.list", kind: "request", run: () => list(account, request) }
    if (method !== "POST") return { operation: "messages", kind: "request", run: () => problem(20004) }
    const form = new URLSearchParams(body)
    const to = recipientOf(form)
    return {
      operation: "messages.create",
      kind: "send",
      numbers: to === undefined ? [] : [to],
      run: () => create(account, form)
    }
  }
  const [resource, ...below] = rest
  if (resource === "Media") return Media.call(account, request, found, below)
  if (resource === "Feedback" && below.length === 0 && method === "POST") {
    return found("messages.feedback", (message) => feedback(account, message, new URLSearchParams(body)))
  }
  if (resource !== undefined) return notEmulated(`${method} Messages/${resource}`)
  switch (method) {
    case "GET":
      return found("messages.fetch", (message) => json(200, messageOf(account, message)))
    case "POST":
      return found("messages.update", (message) => update(account, message, new URLSearchParams(body)))
    case "DELETE":
      return found("messages.remove", (message) => remove(account, message))
    default:
      return { operation: "messages", kind: "request", run: () => problem(20004) }
  }
}
