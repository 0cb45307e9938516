/**
 * The XML that the API answers with where the path does not end in `.json`
 * (https://www.twilio.com/docs/usage/twilios-response).
 */
import { isObject } from "../../internal/record.ts"
import type { ApiReply } from "../../provider/Emulation.ts"

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;" }

const escape = (text: string): string => text.replace(/[&<>"]/g, (character) => escapes[character]!)

/** Converts `num_media` to `NumMedia`. */
const nameOf = (key: string): string =>
  key.split("_").map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join("")

const singular: Readonly<Record<string, string>> = {
  messages: "Message",
  media_list: "Media",
  accounts: "Account",
  incoming_phone_numbers: "IncomingPhoneNumber"
}

const element = (name: string, value: unknown): string => {
  if (value === null || value === undefined || value === "") return `<${name}/>`
  if (Array.isArray(value)) return `<${name}>${value.map((item) => element(name, item)).join("")}</${name}>`
  if (isObject(value)) return `<${name}>${fields(value)}</${name}>`
  return `<${name}>${escape(String(value))}</${name}>`
}

const fields = (value: Readonly<Record<string, unknown>>): string =>
  Object.entries(value).map(([key, value]) => element(nameOf(key), value)).join("")

/** Lists have their paging as attributes. */
const list = (name: string, key: string, { [key]: items, ...paging }: Readonly<Record<string, unknown>>): string => {
  const attributes = Object.entries(paging)
    .map(([key, value]) => ` ${key.replaceAll("_", "")}="${escape(String(value ?? ""))}"`)
    .join("")
  const elements = (items as ReadonlyArray<unknown>).map((item) => element(name, item)).join("")
  return `<${nameOf(key)}${attributes}>${elements}</${nameOf(key)}>`
}

/** Converts a JSON response to XML. */
export const toXml = (reply: ApiReply, resource: string): ApiReply => {
  if (typeof reply.body !== "string" || reply.headers["content-type"] !== "application/json") return reply
  const body: unknown = JSON.parse(reply.body)
  if (!isObject(body)) return reply
  const key = Object.keys(singular).find((key) => Array.isArray(body[key]))
  const content = reply.status >= 400
    ? element("RestException", body)
    : key === undefined
    ? element(resource, body)
    : list(singular[key]!, key, body)
  return {
    ...reply,
    headers: { ...reply.headers, "content-type": "application/xml" },
    body: `<?xml version='1.0' encoding='UTF-8'?>\n<TwilioResponse>${content}</TwilioResponse>`
  }
}
