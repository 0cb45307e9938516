/** What the emulator answers as Twilio is what Twilio's OpenAPI documents say. Sinch publishes none as a package. */
import { assert, it } from "@effect/vitest"
import { Ajv } from "ajv"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname } from "node:path"
import * as Emulator from "../../src/emulator/Emulator.ts"
import * as CarrierServer from "../../src/testing/CarrierServer.ts"
import { sdk } from "./twilio.ts"

interface Response {
  readonly content?: { readonly "application/json"?: { readonly schema: unknown } }
}

interface Operation {
  readonly operationId: string
  readonly responses: Readonly<Record<string, Response | undefined>>
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation | undefined>>>>
  readonly components: unknown
}

const folder = dirname(createRequire(import.meta.url).resolve("@twilio-alpha/mcp/package.json"))

const read = (name: string): Document => JSON.parse(readFileSync(`${folder}/twilio-oai/spec/json/${name}.json`, "utf8"))

/** Twilio writes the id of an application that is not set as an empty text, as the examples of its documents do. */
const applicationId = "^AP[0-9a-fA-F]{32}$"

/** Demands every field of an object, and no other. Twilio does so, which its documents do not say. */
const strict = (schema: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(strict)
  if (typeof schema !== "object" || schema === null) return schema
  const one: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(schema)) one[name] = strict(value)
  if (one["pattern"] === applicationId) return { type: "string", pattern: `^$|${applicationId}` }
  const { properties, type } = one
  return type !== "object" || properties === undefined
    ? one
    : { ...one, required: Object.keys(properties as object), additionalProperties: false }
}

const documents = ["twilio_api_v2010", "twilio_messaging_v1"].map((name) => ({ name, ...read(name) }))

const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true })
for (const { components, name } of documents) ajv.addSchema({ $id: name, components: strict(components) })

/** Finds the operation of a request, and the document that it is in. */
const operationOf = (method: string, path: string) => {
  for (const { name, paths } of documents) {
    for (const [template, operations] of Object.entries(paths)) {
      const pattern = template.replaceAll(".", "\\.").replace(/\{\w+\}/g, "[^/.]+")
      const operation = operations[method.toLowerCase()]
      if (operation !== undefined && new RegExp(`^${pattern}$`).test(path)) return { document: name, operation }
    }
  }
  return undefined
}

/** Returns what is wrong with a response. */
const problemsOf = (
  { document, operation: { operationId, responses } }: NonNullable<ReturnType<typeof operationOf>>,
  status: number,
  body: string
): ReadonlyArray<string> => {
  const response = responses[status]
  if (response === undefined) return [`${operationId}: ${status} is not documented`]
  const schema = response.content?.["application/json"]?.schema
  if (schema === undefined) return body === "" ? [] : [`${operationId} has a body`]
  const validate = ajv.compile(
    JSON.parse(JSON.stringify(strict(schema)).replaceAll("\"#/components", `"${document}#/components`))
  )
  validate(JSON.parse(body))
  return (validate.errors ?? []).map(({ instancePath, message, params }) =>
    `${operationId} ${instancePath} ${message} ${JSON.stringify(params)}`
  )
}

const setUp = Effect.gen(function*() {
  const app = yield* CarrierServer.serve(CarrierServer.answer(204, ""))
  const emulator = yield* Emulator.make({ appUrl: app.url, seed: "openapi", pace: 0 })
  return {
    accountSid: emulator.env["TWILIO_ACCOUNT_SID"]!,
    client: sdk(emulator),
    emulator,
    from: emulator.env["TWILIO_FROM"]!,
    messagingServiceSid: emulator.extras["TWILIO_MESSAGING_SERVICE_SID"]!
  }
})

const to = "+15145550142"

/** Makes every request that Twilio's SDK can make of the emulator. */
const askEverything = Effect.fnUntraced(function*(
  { accountSid, client, emulator, from, messagingServiceSid }: Effect.Success<typeof setUp>
) {
  yield* emulator.text({ from: to, text: "Look", files: [{ type: "image/png", bytes: Uint8Array.of(1) }] })
  const sids = yield* Effect.promise(async () => {
    const sendAt = new Date(Date.now() + 3_000_000)
    const sent = [
      await client.messages.create({ to, from, body: "Hello" }),
      await client.messages.create({ to, from, mediaUrl: ["https://example.com/a.png"] }),
      await client.messages.create({ to: "+15005551001", from, body: "Hello" }),
      await client.messages.create({ to, messagingServiceSid, body: "Hello" }),
      await client.messages.create({ to, messagingServiceSid, body: "Hello", scheduleType: "fixed", sendAt })
    ]
    return sent.map(({ sid }) => sid)
  })
  yield* emulator.quiet()
  yield* Effect.promise(async () => {
    const [text, picture, , , scheduled] = sids
    for (const sid of sids) await client.messages(sid).fetch()
    await client.messages(scheduled!).update({ status: "canceled" })
    await client.messages(text!).update({ body: "" })
    await client.messages(text!).feedback.create({ outcome: "confirmed" })
    for (const { sid } of await client.messages.list({ pageSize: 2 })) {
      for (const file of await client.messages(sid).media.list()) await client.messages(sid).media(file.sid).fetch()
    }
    await client.messages(picture!).remove()
    await client.api.v2010.accounts.list()
    await client.api.v2010.accounts(accountSid).fetch()
    for (const { sid } of await client.incomingPhoneNumbers.list()) {
      await client.incomingPhoneNumbers(sid).fetch()
      await client.incomingPhoneNumbers(sid).update({ smsUrl: "https://example.com/sms" })
    }
    const { services } = client.messaging.v1
    await services.list()
    await services(messagingServiceSid).fetch()
    await services(messagingServiceSid).update({ useInboundWebhookOnNumber: true })
  })
})

it.live("every answer to Twilio's SDK has the fields, types and values of Twilio's documents", () =>
  Effect.gen(function*() {
    const world = yield* setUp
    yield* askEverything(world)
    const asked = new Set<string>()
    const problems = new Set<string>()
    for (const { method, responseBody, status, url } of yield* world.emulator.exchanges) {
      const { pathname } = new URL(url, "http://localhost")
      if (!pathname.startsWith("/twilio/")) continue
      const path = pathname.slice("/twilio".length)
      const found = operationOf(method, path)
      if (found === undefined) {
        problems.add(`${method} ${path} is not documented`)
        continue
      }
      asked.add(found.operation.operationId)
      for (const problem of problemsOf(found, status!, String(responseBody))) problems.add(problem)
    }
    assert.deepStrictEqual([...problems], [])
    assert.strictEqual(asked.size, 16)
  }))
