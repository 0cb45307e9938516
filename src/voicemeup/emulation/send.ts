/**
 * Queues messages with `queue_sms`. It answers 200 in either case.
 */
import { type ApiReply, type ApiRequest, json, type Reason } from "../../provider/Emulation.ts"
import * as Segments from "../../segments/Segments.ts"
import { type Account, digitsOf, generateId, numberOf } from "./account.ts"

interface Entry {
  readonly code: string
  readonly _content: string
}

/** VoiceMeUp's XML becomes JSON, so that a single entry is an object and several are an array. */
const reply = (status: "success" | "error", ...entries: ReadonlyArray<Entry>): ApiReply =>
  json(200, {
    response_details: {
      response_status: status,
      response_messages: { message: entries.length === 1 ? entries[0] : entries }
    }
  })

export const refused = (code: string, text: string): ApiReply => reply("error", { code, _content: text })

/** The reasons whose code is known. The codes of the others are unknown, and ours. */
const codes: Partial<Record<Reason, string>> = {
  Authentication: "permission_refused",
  DuplicateMessage: "duplicate_entry"
}

export const codeOf = (reason: Reason): string =>
  codes[reason] ?? reason.replace(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter}`).toLowerCase()

/** The longest text, in UTF-16 code units. The unit and the code of the refusal are unknown. */
const maxText = 1000

const isUrl = (text: string): boolean => /^https?:$/.test(URL.parse(text)?.protocol ?? "")

/** Reads the form, which may have the credentials in the query instead. */
export const formOf = ({ options: { network } }: Account, { body, query }: ApiRequest): URLSearchParams => {
  const form = new URLSearchParams(body)
  for (const [name, value] of new URLSearchParams(query)) {
    if (form.has(name)) continue
    form.set(name, value)
    network.warn(`${name} is in the URL, which ends up in logs: send it in the body`)
  }
  return form
}

/** Reads the recipient of a request, if it has one. */
export const recipientOf = (form: URLSearchParams): string | undefined => numberOf(form.get("destination_number") ?? "")

export const queue = (account: Account, form: URLSearchParams): ApiReply => {
  const { network } = account.options
  if (form.get("username") !== account.username || form.get("auth_token") !== account.authToken) {
    return refused("permission_refused", "The user or the token is wrong")
  }
  const source = form.get("source_number") ?? ""
  const [from, to] = [numberOf(source), recipientOf(form)]
  if (to === undefined) return refused("invalid_destination", "destination_number is not a number")
  if (from === undefined || !network.owns(from)) {
    return refused("permission_refused", "source_number is not a number of this account")
  }
  for (const name of ["source_number", "destination_number"]) {
    if (form.get(name)!.startsWith("+")) network.warn(`${name} has a +, which may be refused`)
  }
  const text = form.get("message") ?? ""
  const attachment = form.get("attachment") ?? ""
  if (text === "" && attachment === "") return refused("missing_parameter", "A message or an attachment is required")
  if (text.length > maxText) return refused("invalid_request", `message has more than ${maxText} characters`)
  if (attachment !== "" && !isUrl(attachment)) return refused("invalid_request", "attachment is not a URL")
  if (isQueued(account, { from, to, text, attachment })) return refused("duplicate_entry", "SMS already queued")
  const { id } = network.accept({
    id: generateId(network.random),
    from,
    to,
    text,
    urls: attachment === "" ? [] : [attachment],
    segments: attachment === "" ? Segments.count(text).segments : 1
  })
  network.records<string>("queued").set(keyOf({ from, to, text, attachment }), id)
  return reply("success", { code: "queued_sms_hash", _content: id })
}

interface Content {
  readonly from: string
  readonly to: string
  readonly text: string
  readonly attachment: string
}

const keyOf = ({ attachment, from, text, to }: Content): string =>
  [digitsOf(from), digitsOf(to), attachment, text].join("\n")

/** Returns whether the same message has not been sent yet. For how long VoiceMeUp compares is unknown. */
const isQueued = ({ options: { network } }: Account, content: Content): boolean => {
  const id = network.records<string>("queued").get(keyOf(content))
  const state = id === undefined ? undefined : network.find(id)?.state
  return state === "queued" || state === "sending"
}
