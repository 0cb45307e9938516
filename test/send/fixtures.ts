/** What the tests of sending have in common: pairs of a message and its request, messages, and clients. */
import { NodeHttpClient } from "@effect/platform-node"
import { type Duration, Effect, Fiber, Schema } from "effect"
import { TestClock } from "effect/testing"
import { readdirSync, readFileSync } from "node:fs"
import { Address } from "../../src/Address.ts"
import { type Content, MediaContent, TextContent } from "../../src/Content.ts"
import { OutboundMessage } from "../../src/Message.ts"
import type { SmsErrorReason } from "../../src/SmsError.ts"

export interface SendFixture {
  readonly name: string
  readonly source: string
  readonly message: unknown
  readonly options?: Readonly<Record<string, unknown>>
  readonly request: {
    readonly method: string
    readonly path: string
    readonly headers: Readonly<Record<string, string>>
    readonly body: string
  }
  readonly answer: { readonly status: number; readonly body: unknown }
  readonly receipt: unknown
}

interface RefusalFixture {
  readonly source: string
  readonly cases: ReadonlyArray<{
    readonly status: number
    readonly body: unknown
    readonly reason: SmsErrorReason["_tag"]
    readonly code?: string
  }>
}

const folder = (name: string) => new URL(`../fixtures/send/${name}/`, import.meta.url)
const readJson = (name: string, file: string) => JSON.parse(readFileSync(new URL(file, folder(name)), "utf8"))

export const refusals: (name: string) => RefusalFixture = (name) => readJson(name, "refusals.json")

/** The pairs of a folder: what is sent, and what it is on the wire. */
export const fixtures = (name: string): ReadonlyArray<SendFixture> =>
  readdirSync(folder(name)).filter((file) => file !== "refusals.json").sort().map((file) => ({
    ...readJson(name, file),
    name: file.slice(0, -".json".length)
  }))

export const decodeMessage = Schema.decodeUnknownEffect(Schema.toCodecJson(OutboundMessage))

export const customer = Address.make("+15145550142")
export const ours = Address.make("+15145550100")
export const secretText = "swordfish is the password, 5145550142"
export const file = (name: string) =>
  new MediaContent({ url: `https://media.example.com/${name}.jpg`, mimeType: "image/jpeg" })
export const message = (content: string | Content, fields: Partial<OutboundMessage> = {}) =>
  new OutboundMessage({
    to: customer,
    content: typeof content === "string" ? new TextContent({ text: content }) : content,
    ...fields
  })

export const clients = { fetch: NodeHttpClient.layerFetch, undici: NodeHttpClient.layerUndici }

/** Lets time pass until the fiber ends: real answers come in between. */
export const passTime = Effect.fnUntraced(function*<A, E>(fiber: Fiber.Fiber<A, E>, step: Duration.Input) {
  for (let turn = 0; turn < 2000 && fiber.pollUnsafe() === undefined; turn++) {
    yield* TestClock.adjust(step)
    yield* Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)))
  }
  return yield* Fiber.join(fiber)
})
