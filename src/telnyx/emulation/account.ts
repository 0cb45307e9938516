/**
 * The emulated account: its generated credentials, its messaging profile, and
 * the shape of what the API says.
 */
import * as DateTime from "effect/DateTime"
import type { ApiReply, Options, Random } from "../../provider/Emulation.ts"
import { json } from "../../provider/Emulation.ts"

/** A messaging profile, as far as it can be set. */
export interface Profile {
  readonly name: string
  readonly enabled: boolean
  readonly webhookUrl: string
  readonly failoverUrl: string
}

export interface Account {
  readonly apiKey: string
  readonly publicKey: string
  readonly sign: (text: string) => string
  readonly signWrongly: (text: string) => string
  readonly organizationId: string
  /** The profile, which has all numbers. */
  readonly profileId: string
  readonly options: Options
  readonly createdAt: number
}

/** Generates an id as Telnyx writes it. */
export const generateId = (random: Random): string =>
  random.hex(32).replace(/^(.{8})(.{4}).(.{3}).(.{3})/, "$1-$2-4$3-a$4-")

export const make = (options: Options): Account => {
  const { crypto, network, random } = options
  const { publicKey, sign } = crypto.ed25519(random.hex(64))
  return {
    apiKey: `KEY${random.hex(32).toUpperCase()}_${random.text(22)}`,
    publicKey,
    sign,
    signWrongly: crypto.ed25519(random.hex(64)).sign,
    organizationId: generateId(random),
    profileId: generateId(random),
    options,
    createdAt: network.now()
  }
}

/** Returns the settings of the profile. */
export const profileOf = ({ options: { inboundUrl, network }, profileId }: Account): Profile =>
  network.records<Profile>("profiles").get(profileId) ?? {
    name: "Emulator",
    enabled: true,
    webhookUrl: inboundUrl,
    failoverUrl: ""
  }

/** Formats a time as in Telnyx's messages: `2025-05-02T21:46:13.176+00:00`. */
export const time = (millis: number): string => DateTime.formatIso(DateTime.makeUnsafe(millis)).replace("Z", "+00:00")

const titles = {
  10002: { status: 400, title: "Invalid phone number" },
  10003: { status: 400, title: "Invalid URL" },
  10004: { status: 422, title: "Missing required parameter" },
  10005: { status: 404, title: "Resource not found" },
  10007: { status: 500, title: "Unexpected error" },
  10009: { status: 401, title: "Authentication failed" },
  10011: { status: 429, title: "Too many requests" },
  10015: { status: 422, title: "Bad Request" },
  10016: { status: 422, title: "Phone number must be in +E.164 format" },
  10037: { status: 503, title: "Service unavailable" },
  20012: { status: 403, title: "Account inactive" },
  40001: { status: 400, title: "Not routable" },
  40002: { status: 400, title: "Message blocked as spam - temporary" },
  40005: { status: 400, title: "Message expired during transmission" },
  40008: { status: 400, title: "Undeliverable" },
  40010: { status: 400, title: "Message sent from a number not 10DLC registered" },
  40300: { status: 409, title: "Blocked due to STOP message" },
  40302: { status: 400, title: "Message too large" },
  40303: { status: 404, title: "Message not found" },
  40304: { status: 400, title: "Invalid combination of message content" },
  40305: { status: 400, title: "Invalid 'from' address" },
  40306: { status: 400, title: "Alpha sender not configured" },
  40309: { status: 400, title: "Invalid destination region" },
  40310: { status: 400, title: "Invalid 'to' address" },
  40312: { status: 409, title: "Messaging profile is disabled" },
  40316: { status: 400, title: "No content provided" },
  40317: { status: 400, title: "Invalid MMS content" },
  40318: { status: 429, title: "Message queue full" },
  40322: { status: 400, title: "Message contains blocked content" },
  40328: { status: 400, title: "SMS exceeds recommended size" }
} as const

export type Code = keyof typeof titles

export const titleOf = (code: string | undefined): string => titles[Number(code) as Code]?.title ?? "Undeliverable"

/** Builds an error. `pointer` names the member of the request body. */
export const problem = (
  code: Code,
  detail: string = titles[code].title,
  { headers, pointer }: { readonly pointer?: string; readonly headers?: Readonly<Record<string, string>> } = {}
): ApiReply =>
  json(titles[code].status, {
    errors: [{
      code: String(code),
      title: titles[code].title,
      detail,
      ...(pointer !== undefined && { source: { pointer } }),
      meta: { url: `https://developers.telnyx.com/docs/overview/errors/${code}` }
    }]
  }, headers)
