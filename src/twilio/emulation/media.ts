/**
 * The files of messages
 * (https://www.twilio.com/docs/messaging/api/media-resource). The API redirects
 * to another host with a URL that is signed, and expires after four hours
 * (https://support.twilio.com/hc/en-us/articles/223183748).
 */
import {
  type ApiReply,
  type ApiRequest,
  type Call,
  type Dialect,
  download,
  json,
  type Message,
  notEmulated
} from "../../provider/Emulation.ts"
import type { Account } from "./account.ts"
import { dateFilter } from "./dates.ts"
import { listOf } from "./paging.ts"
import { problem } from "./problems.ts"
import { messageUri, time } from "./resources.ts"

const lifetime = 4 * 3600

interface Item {
  readonly sid: string
  readonly type: string
  /** Where an outbound file came from. */
  readonly url?: string | undefined
}

/** The files that were deleted, which only their message knows of: see {@link Item.url}. */
const removed = ({ options: { network } }: Account) => network.records<true>("removedMedia")

/** Lists the files of a message. Those of an outbound message stay where Twilio got them from. */
const itemsOf = (account: Account, { files, id, urls }: Message): ReadonlyArray<Item> => {
  const { crypto, network } = account.options
  return [
    ...files.flatMap((file) => {
      const found = network.file(file)
      return found === undefined ? [] : [{ sid: `ME${file}`, type: found.type }]
    }),
    ...urls
      .map((url, index) => ({
        sid: `ME${crypto.sha256(`${id} ${index}`).slice(0, 32)}`,
        type: "application/octet-stream",
        url
      }))
      .filter(({ sid }) => removed(account).get(sid) === undefined)
  ]
}

const show = (account: Account, message: Message) => ({ sid, type }: Item) => ({
  account_sid: account.sid,
  content_type: type,
  date_created: time(message.createdAt),
  date_updated: time(message.createdAt),
  parent_sid: message.id,
  sid,
  uri: `${messageUri(account, message.id)}/Media/${sid}.json`
})

const signatureOf = ({ authToken, options: { crypto } }: Account, path: string, expires: string): string =>
  crypto.sha256(`${authToken} ${path} ${expires}`)

const redirect = (account: Account, message: Message, { sid, url }: Item): ApiReply => {
  const { mediaUrl, network } = account.options
  const path = `/${account.sid}/${message.id}/${sid}`
  const expires = String(Math.floor(network.now() / 1000) + lifetime)
  const query = new URLSearchParams({
    Expires: expires,
    Signature: signatureOf(account, path, expires),
    "Key-Pair-Id": "EMULATED"
  })
  return { status: 307, headers: { location: url ?? `${mediaUrl}${path}?${query}` }, body: "" }
}

const denied = (code: string, message: string): ApiReply => ({
  status: 403,
  headers: { "content-type": "application/xml" },
  body: `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`
})

/** Serves a file from the second host, by its signed URL. */
export const serve = (account: Account): NonNullable<Dialect["media"]> => (request) => {
  const query = new URLSearchParams(request.query)
  const expires = query.get("Expires") ?? ""
  if (query.get("Signature") !== signatureOf(account, request.path, expires)) {
    return denied("AccessDenied", "Access denied")
  }
  const { network } = account.options
  if (Number(expires) * 1000 < network.now()) return denied("AccessDenied", "Request has expired")
  const file = network.file(request.path.split("/").at(-1)!.slice(2))
  return file === undefined
    ? denied("NoSuchKey", "The specified key does not exist.")
    : download(request, file)
}

/** Reads a request below the `Media` of a message. */
export const call = (
  account: Account,
  request: ApiRequest,
  found: (operation: string, run: (message: Message) => ApiReply) => Call,
  [sid, ...rest]: ReadonlyArray<string>
): Call => {
  const { method, path } = request
  if (rest.length > 0) return notEmulated(`${method} Media/${rest[0]}`)
  if (sid === undefined) {
    if (method !== "GET") return notEmulated(`${method} Media`)
    const query = new URLSearchParams(request.query)
    const isCreatedThen = dateFilter(query, "DateCreated")
    return found("media.list", (message) =>
      listOf({
        key: "media_list",
        items: isCreatedThen(message.createdAt) ? itemsOf(account, message) : [],
        query,
        sidOf: (item) => item.sid,
        show: show(account, message),
        uri: `${messageUri(account, message.id)}/Media.json`
      }))
  }
  const one = (operation: string, run: (message: Message, item: Item) => ApiReply): Call =>
    found(operation, (message) => {
      const item = itemsOf(account, message).find((item) => item.sid === sid)
      return item === undefined ? problem(20404) : run(message, item)
    })
  if (method === "DELETE") {
    return one("media.remove", (_, { url }) => {
      if (url === undefined) account.options.network.removeFile(sid.slice(2))
      else removed(account).set(sid, true)
      return { status: 204, headers: {}, body: "" }
    })
  }
  if (method !== "GET" && method !== "HEAD") return notEmulated(`${method} Media`)
  return path.endsWith(".json")
    ? one("media.fetch", (message, item) => json(200, show(account, message)(item)))
    : { ...one("media.content", (message, item) => redirect(account, message, item)), kind: "media" }
}
