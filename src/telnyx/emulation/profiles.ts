/**
 * The messaging profile of the account, and its numbers
 * (https://developers.telnyx.com/api-reference/profiles/list-messaging-profiles).
 */
import { type ApiReply, type ApiRequest, type Call, json, notEmulated } from "../../provider/Emulation.ts"
import { type Account, problem, type Profile, profileOf, time } from "./account.ts"
import { readBody } from "./create.ts"

const profileResource = (account: Account) => {
  const { enabled, failoverUrl, name, webhookUrl } = profileOf(account)
  return {
    record_type: "messaging_profile",
    id: account.profileId,
    name,
    enabled,
    webhook_url: webhookUrl,
    webhook_failover_url: failoverUrl,
    webhook_api_version: "2",
    whitelisted_destinations: ["*"],
    organization_id: account.organizationId,
    created_at: time(account.createdAt),
    updated_at: time(account.createdAt)
  }
}

const numberResource = ({ createdAt, organizationId, profileId }: Account) => (number: string) => ({
  record_type: "messaging_phone_number",
  id: number,
  phone_number: number,
  messaging_profile_id: profileId,
  organization_id: organizationId,
  type: "long-code",
  created_at: time(createdAt),
  updated_at: time(createdAt)
})

/** Builds a page of a list: `page[number]` begins at 1, and `page[size]` is 20 by default. */
const page = (items: ReadonlyArray<unknown>, query: string): ApiReply => {
  const given = new URLSearchParams(query)
  const size = Math.min(250, Math.max(1, Number(given.get("page[size]") ?? 20) || 20))
  const number = Math.max(1, Number(given.get("page[number]") ?? 1) || 1)
  return json(200, {
    data: items.slice((number - 1) * size, number * size),
    meta: {
      total_pages: Math.ceil(items.length / size),
      total_results: items.length,
      page_number: number,
      page_size: size
    }
  })
}

const update = (account: Account, text: string): ApiReply => {
  const body = readBody(text)
  if (body === undefined) return problem(10015, "The body is not a JSON object")
  const before = profileOf(account)
  const textAt = (name: string, otherwise: string) => typeof body[name] === "string" ? body[name] : otherwise
  account.options.network.records<Profile>("profiles").set(account.profileId, {
    name: textAt("name", before.name),
    enabled: typeof body["enabled"] === "boolean" ? body["enabled"] : before.enabled,
    webhookUrl: body["webhook_url"] === null ? "" : textAt("webhook_url", before.webhookUrl),
    failoverUrl: body["webhook_failover_url"] === null ? "" : textAt("webhook_failover_url", before.failoverUrl)
  })
  return json(200, { data: profileResource(account) })
}

/** Reads a request below `/v2/messaging_profiles`. */
export const profileCall = (
  account: Account,
  { body, method, path, query }: ApiRequest,
  [id, resource]: readonly [id: string | undefined, resource: string | undefined]
): Call => {
  const call = (name: string, run: () => ApiReply): Call => ({
    operation: `messaging_profiles.${name}`,
    kind: "request",
    run: () => id === undefined || id === account.profileId ? run() : problem(10005)
  })
  if (method === "GET" && id === undefined) return call("list", () => page([profileResource(account)], query))
  if (method === "GET" && resource === undefined) {
    return call("retrieve", () => json(200, { data: profileResource(account) }))
  }
  if (method === "PATCH" && resource === undefined) return call("update", () => update(account, body))
  if (method === "GET" && resource === "phone_numbers") {
    return call("list_phone_numbers", () => page(account.options.network.numbers.map(numberResource(account)), query))
  }
  return notEmulated(`${method} ${path}`)
}
