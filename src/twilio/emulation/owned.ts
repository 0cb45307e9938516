/**
 * What the account owns: itself, its numbers, and its messaging service. The
 * URLs of numbers and of the service can be set, and webhooks go there.
 */
import * as DateTime from "effect/DateTime"
import { type ApiReply, type ApiRequest, type Call, json, notEmulated } from "../../provider/Emulation.ts"
import { type Account, numberSid, pool, type Settings, settings } from "./account.ts"
import { listOf, metaListOf } from "./paging.ts"
import { problem } from "./problems.ts"
import { accountUri, time } from "./resources.ts"

const accountOf = (account: Account) => {
  const uri = accountUri(account)
  return {
    auth_token: account.authToken,
    date_created: time(account.createdAt),
    date_updated: time(account.createdAt),
    friendly_name: "Emulated account",
    owner_account_sid: account.sid,
    sid: account.sid,
    status: "active",
    subresource_uris: {
      incoming_phone_numbers: `${uri}/IncomingPhoneNumbers.json`,
      messages: `${uri}/Messages.json`
    },
    type: "Full",
    uri: `${uri}.json`
  }
}

/** Reads `Accounts`, and one account. */
export const accountCall = (account: Account, { method, query }: ApiRequest, sid: string | undefined): Call => {
  if (method !== "GET") return notEmulated(`${method} Accounts`)
  if (sid !== undefined) {
    return { operation: "accounts.fetch", kind: "request", run: () => json(200, accountOf(account)) }
  }
  return {
    operation: "accounts.list",
    kind: "request",
    run: () =>
      listOf({
        key: "accounts",
        items: [account],
        query: new URLSearchParams(query),
        sidOf: ({ sid }) => sid,
        show: accountOf,
        uri: "/2010-04-01/Accounts.json"
      })
  }
}

/** Where each setting is written, in the form of an update. */
interface Names {
  readonly url: string
  readonly method: string
  readonly fallbackUrl: string
  readonly fallbackMethod: string
}

const ofNumber: Names = {
  url: "SmsUrl",
  method: "SmsMethod",
  fallbackUrl: "SmsFallbackUrl",
  fallbackMethod: "SmsFallbackMethod"
}

const ofService: Names = {
  url: "InboundRequestUrl",
  method: "InboundMethod",
  fallbackUrl: "FallbackUrl",
  fallbackMethod: "FallbackMethod"
}

const methodOf = (text: string | null, otherwise: "POST" | "GET"): "POST" | "GET" =>
  text === "GET" || text === "POST" ? text : otherwise

const change = (account: Account, sid: string, form: URLSearchParams, names: Names): void => {
  const before = settings(account, sid)
  const after: Settings = {
    url: form.get(names.url) ?? before.url,
    method: methodOf(form.get(names.method), before.method),
    fallbackUrl: form.get(names.fallbackUrl) ?? before.fallbackUrl,
    fallbackMethod: methodOf(form.get(names.fallbackMethod), before.fallbackMethod),
    statusCallback: form.get("StatusCallback") ?? before.statusCallback,
    useNumber: (form.get("UseInboundWebhookOnNumber") ?? String(before.useNumber)) === "true"
  }
  account.options.network.records<Settings>("settings").set(sid, after)
}

const numberOf = (account: Account) => (number: string) => {
  const sid = numberSid(account, number)
  const { fallbackMethod, fallbackUrl, method, statusCallback, url } = settings(account, sid)
  return {
    account_sid: account.sid,
    address_requirements: "none",
    address_sid: null,
    api_version: "2010-04-01",
    beta: false,
    bundle_sid: null,
    capabilities: { fax: false, mms: true, sms: true, voice: false },
    date_created: time(account.createdAt),
    date_updated: time(account.createdAt),
    emergency_address_sid: null,
    emergency_address_status: "unregistered",
    emergency_status: "Inactive",
    friendly_name: number,
    identity_sid: null,
    origin: "twilio",
    phone_number: number,
    sid,
    sms_application_sid: "",
    sms_fallback_method: fallbackMethod,
    sms_fallback_url: fallbackUrl,
    sms_method: method,
    sms_url: url,
    status: "in-use",
    status_callback: statusCallback,
    status_callback_method: "POST",
    trunk_sid: null,
    uri: `${accountUri(account)}/IncomingPhoneNumbers/${sid}.json`,
    voice_application_sid: "",
    voice_caller_id_lookup: false,
    voice_fallback_method: "POST",
    voice_fallback_url: null,
    voice_method: "POST",
    voice_receive_mode: "voice",
    voice_url: null
  }
}

/** Reads a request below `IncomingPhoneNumbers`. */
export const numbersCall = (account: Account, request: ApiRequest, [sid, ...rest]: ReadonlyArray<string>): Call => {
  const { method } = request
  const { numbers } = account.options.network
  if (rest.length > 0) return notEmulated(`${method} IncomingPhoneNumbers/${rest[0]}`)
  if (sid === undefined) {
    if (method !== "GET") return notEmulated(`${method} IncomingPhoneNumbers`)
    const query = new URLSearchParams(request.query)
    const part = query.get("PhoneNumber")
    return {
      operation: "incomingPhoneNumbers.list",
      kind: "request",
      run: () =>
        listOf({
          key: "incoming_phone_numbers",
          items: numbers.filter((number) => part === null || number.includes(part)),
          query,
          sidOf: (number) => numberSid(account, number),
          show: numberOf(account),
          uri: `${accountUri(account)}/IncomingPhoneNumbers.json`
        })
    }
  }
  if (method !== "GET" && method !== "POST") return notEmulated(`${method} IncomingPhoneNumbers`)
  return {
    operation: `incomingPhoneNumbers.${method === "GET" ? "fetch" : "update"}`,
    kind: "request",
    run: () => {
      const number = numbers.find((number) => numberSid(account, number) === sid)
      if (number === undefined) return problem(20404)
      if (method === "POST") change(account, sid, new URLSearchParams(request.body), ofNumber)
      return json(200, numberOf(account)(number))
    }
  }
}

const isoTime = (millis: number): string => DateTime.formatIso(DateTime.makeUnsafe(millis)).replace(/\.\d+Z$/, "Z")

const servicesUrl = ({ options: { baseUrl } }: Account): string => `${baseUrl}/v1/Services`

const serviceOf = (account: Account) => {
  const sid = account.serviceSid
  const { fallbackMethod, fallbackUrl, method, statusCallback, url, useNumber } = settings(account, sid)
  const self = `${servicesUrl(account)}/${sid}`
  return {
    account_sid: account.sid,
    area_code_geomatch: true,
    date_created: isoTime(account.createdAt),
    date_updated: isoTime(account.createdAt),
    fallback_method: fallbackMethod,
    fallback_to_long_code: true,
    fallback_url: fallbackUrl === "" ? null : fallbackUrl,
    friendly_name: "Emulated messaging service",
    inbound_method: method,
    inbound_request_url: url === "" ? null : url,
    links: { phone_numbers: `${self}/PhoneNumbers` },
    mms_converter: true,
    scan_message_content: "inherit",
    sid,
    smart_encoding: false,
    status_callback: statusCallback,
    sticky_sender: true,
    synchronous_validation: false,
    url: self,
    us_app_to_person_registered: true,
    use_inbound_webhook_on_number: useNumber,
    usecase: "undeclared",
    validity_period: 36_000
  }
}

const poolNumberOf = (account: Account) => (number: string) => {
  const sid = numberSid(account, number)
  return {
    account_sid: account.sid,
    capabilities: ["MMS", "SMS"],
    country_code: "CA",
    date_created: isoTime(account.createdAt),
    date_updated: isoTime(account.createdAt),
    phone_number: number,
    service_sid: account.serviceSid,
    sid,
    url: `${servicesUrl(account)}/${account.serviceSid}/PhoneNumbers/${sid}`
  }
}

/** Reads a request below `v1/Services`. */
export const servicesCall = (account: Account, request: ApiRequest, rest: ReadonlyArray<string>): Call => {
  const { method } = request
  const query = new URLSearchParams(request.query)
  const [sid, resource, ...below] = rest
  const call = (operation: string, run: () => ApiReply): Call => ({
    operation: `messaging.${operation}`,
    kind: "request",
    run: () => sid === undefined || sid === account.serviceSid ? run() : problem(20404)
  })
  if (sid === undefined && method === "GET") {
    return call("services.list", () =>
      metaListOf({
        key: "services",
        items: [account],
        query,
        sidOf: ({ serviceSid }) => serviceSid,
        show: serviceOf,
        uri: servicesUrl(account)
      }))
  }
  if (sid !== undefined && resource === undefined && (method === "GET" || method === "POST")) {
    return call(`services.${method === "GET" ? "fetch" : "update"}`, () => {
      if (method === "POST") change(account, sid, new URLSearchParams(request.body), ofService)
      return json(200, serviceOf(account))
    })
  }
  if (resource === "PhoneNumbers" && below.length === 0 && method === "GET") {
    return call("services.phoneNumbers.list", () =>
      metaListOf({
        key: "phone_numbers",
        items: pool(account),
        query,
        sidOf: (number) => numberSid(account, number),
        show: poolNumberOf(account),
        uri: `${servicesUrl(account)}/${account.serviceSid}/PhoneNumbers`
      }))
  }
  return notEmulated(`${method} v1/Services${resource === undefined ? "" : `/${resource}`}`)
}
