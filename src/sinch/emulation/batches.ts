/**
 * The batches of the service plan: they are sent, shown, changed until they are
 * due, and canceled.
 */
import { type ApiReply, json, type Message } from "../../provider/Emulation.ts"
import { type Account, bare, generateId, isReply, problem, time } from "./account.ts"
import { contentOf } from "./content.ts"
import { dataOf, recipientOf } from "./reports.ts"
import { type Body, check, digitsOf, parseBody, type Request, withoutPlus } from "./request.ts"

/** A batch as it is kept. It is JSON. */
export interface Batch {
  readonly id: string
  readonly request: Request
  readonly createdAt: number
  readonly modifiedAt: number
  readonly canceled: boolean
  /** Whether it was canceled before it was due. */
  readonly withdrawn: boolean
}

export const batches = ({ options: { network } }: Account) => network.records<Batch>("batches")

export const batchOf = ({ canceled, createdAt, id, modifiedAt, request }: Batch) => ({
  feedback_enabled: false,
  ...(request.type === "mt_text" && { flash_message: false }),
  ...request.shown,
  id,
  to: request.to,
  from: withoutPlus(request.from),
  canceled,
  type: request.type,
  created_at: time(createdAt),
  modified_at: time(modifiedAt),
  delivery_report: request.kind,
  ...(request.sendAt !== undefined && { send_at: time(request.sendAt) }),
  expire_at: time(request.expireAt)
})

/** Takes the messages of a batch. */
const accept = (
  { options: { network, statusUrl } }: Account,
  { id, request }: Batch,
  firstId = generateId(network)
): void => {
  const { from, kind, sendAt, shown, to, type } = request
  const callback = kind === "none" ? undefined : String(shown["callback_url"] ?? statusUrl)
  const messages = to.map((recipient, index) => {
    const { dropped, parts, text, urls } = contentOf(request, recipient)
    return network.accept({
      id: index === 0 ? firstId : generateId(network),
      group: id,
      from,
      to: `+${recipient}`,
      text,
      urls,
      segments: parts,
      state: sendAt === undefined ? "queued" : "scheduled",
      sendAt,
      callback,
      data: {
        kind,
        type,
        dropped,
        reference: shown["client_reference"],
        maxParts: shown["max_number_of_message_parts"]
      }
    })
  })
  // Only once the batch has all its messages: a report on it would say that it is complete.
  for (const message of messages) {
    if (dataOf(message).dropped !== undefined) network.change(message, "failed", "InvalidMessage")
  }
}

export const send = (account: Account, body: Body): ApiReply => {
  const { network } = account.options
  const request = check(account, body)
  if (isReply(request)) return request
  const now = network.now()
  const batch = {
    id: generateId(network),
    request,
    createdAt: now,
    modifiedAt: now,
    canceled: false,
    withdrawn: false
  }
  batches(account).set(batch.id, batch)
  // Sinch has no ids of messages. A batch for one recipient is found among the messages by its own.
  accept(account, batch, batch.id)
  return json(201, batchOf(batch))
}

export const get = (batch: Batch): ApiReply => json(200, batchOf(batch))

/** Returns whether a batch waits for its time. */
const isWaiting = (messages: ReadonlyArray<Message>): boolean => messages.some(({ state }) => state === "scheduled")

/** Puts another request in the place of one that is not due yet. */
const change = (account: Account, batch: Batch, body: Body): ApiReply => {
  const { network } = account.options
  const messages = network.group(batch.id)
  if (batch.canceled || !isWaiting(messages)) {
    return problem("conflict_send_at", "The batch has been sent or canceled already")
  }
  const request = check(account, body)
  if (isReply(request)) return request
  // The new messages have other ids, so that what the old ones had ahead of them does not happen to them.
  for (const message of messages) network.remove(message)
  const changed = { ...batch, request, modifiedAt: network.now() }
  batches(account).set(batch.id, changed)
  accept(account, changed)
  return json(200, batchOf(changed))
}

export const replace = change

const numbersOf = (value: unknown): ReadonlyArray<string> =>
  (Array.isArray(value) ? value : []).map((one) => digitsOf(String(one)))

/** Changes the members that are given, and adds and removes recipients. */
export const update = (account: Account, batch: Batch, { to_add: added, to_remove: removed, ...given }: Body) => {
  const { shown, to, type } = batch.request
  const gone = new Set(numbersOf(removed))
  const others = to.filter((number) => !gone.has(number))
  return change(account, batch, {
    ...shown,
    type,
    ...given,
    to: [...others, ...(Array.isArray(added) ? added : [])]
  })
}

const cancelable: ReadonlySet<Message["state"]> = new Set<Message["state"]>([
  "accepted",
  "scheduled",
  "queued",
  "sending"
])

/** Cancels the messages that have not been sent. */
export const cancel = (account: Account, batch: Batch): ApiReply => {
  const { network } = account.options
  const messages = network.group(batch.id)
  const canceled: Batch = batch.canceled ? batch : {
    ...batch,
    canceled: true,
    withdrawn: isWaiting(messages),
    modifiedAt: network.now()
  }
  batches(account).set(batch.id, canceled)
  for (const message of messages) {
    if (cancelable.has(message.state)) network.change(message, "canceled")
  }
  return json(200, batchOf(canceled))
}

/** Takes feedback: which recipients have got the message, or that all have. */
export const giveFeedback = (account: Account, { id, request }: Batch, { recipients }: Body): ApiReply => {
  if (request.shown["feedback_enabled"] !== true) {
    return problem("syntax_constraint_violation", "feedback_enabled was not set for the batch")
  }
  if (!Array.isArray(recipients)) return problem("syntax_constraint_violation", "recipients is required")
  const numbers = numbersOf(recipients)
  const messages = account.options.network.group(id)
  const known = new Set(messages.map(recipientOf))
  return numbers.every((number) => known.has(number))
    ? bare(202)
    : problem("syntax_constraint_violation", "recipients must be those of the batch")
}

const [defaultShown, maxShown] = [100, 1000]

/** Tells what a batch would be, without sending it. */
export const dryRun = (account: Account, body: Body, query: URLSearchParams): ApiReply => {
  const request = check(account, body)
  if (isReply(request)) return request
  const limit = Number(query.get("number_of_recipients") ?? defaultShown)
  if (!Number.isInteger(limit) || limit < 1 || limit > maxShown) {
    return problem("syntax_constraint_violation", `number_of_recipients must be 1 to ${maxShown}`)
  }
  const contents = request.to.map((recipient) => ({ recipient, ...contentOf(request, recipient) }))
  return json(200, {
    number_of_recipients: contents.length,
    number_of_messages: contents.reduce((sum, { parts }) => sum + parts, 0),
    ...(query.get("per_recipient") === "true" && {
      per_recipient: contents.slice(0, limit).map(({ encoding, parts, recipient, text }) => ({
        recipient,
        number_of_parts: parts,
        body: text,
        encoding
      }))
    })
  })
}

/** Runs an operation with the body of a request. */
export const withBody = (text: string, run: (body: Body) => ApiReply): ApiReply => {
  const body = parseBody(text)
  return isReply(body) ? body : run(body)
}
