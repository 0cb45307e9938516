/**
 * What the tests of the carriers' cores have in common.
 */
import { assert } from "@effect/vitest"
import { Effect, Exit, Schema } from "effect"
import * as fc from "fast-check"
import { createContext, runInContext } from "node:vm"
import { gzipSync } from "node:zlib"
import { rolldown } from "rolldown"
import type { Payload } from "../src/Payload.ts"
import type { Event, InboundMessage } from "../src/provider/core/build.ts"
import type { Received } from "../src/provider/core/receive.ts"
import { type Reason, type Refused, refused } from "../src/provider/core/refusal.ts"
import type * as Web from "../src/provider/core/web.ts"
import type { SmsProvider } from "../src/provider/SmsProvider.ts"
import { type WebhookErrorReason, WebhookErrorReason as Reasons } from "../src/WebhookError.ts"
import { WebhookEvent } from "../src/WebhookEvent.ts"
import type { WebhookRequest } from "../src/WebhookRequest.ts"

const isLong = process.env["MODE"] === "long"

/** `npm run test:cores` has the long form. */
export const runs = (short: number): { readonly numRuns: number; readonly seed?: number } =>
  // The short form is the same each time: chance is for the long one.
  isLong ? { numRuns: 200_000 } : { numRuns: short, seed: 20_261_128 }

/** What a webhook comes to, in every way of receiving it. */
export type Outcome =
  | { readonly events: ReadonlyArray<Event> }
  | { readonly reason: Reason }

const encodeEvents = Schema.encodeSync(Schema.Array(WebhookEvent))
const encodeReason = Schema.encodeSync(Reasons)

const isEvent = Schema.is(WebhookEvent)

/** The reason without the hint, which only the provider looks for. */
const withoutHint = (reason: WebhookErrorReason | Reason): Reason => {
  const encoded = reason instanceof Error ? encodeReason(reason) : reason
  return encoded._tag === "InvalidSignature" ? { _tag: "InvalidSignature" } : encoded as Reason
}

/** Receives with a provider. */
export const byProvider = (provider: SmsProvider["Service"]) => (request: WebhookRequest): Effect.Effect<Outcome> =>
  Effect.match(Effect.flatMap(provider.verify(request), provider.decode), {
    onSuccess: (events): Outcome => {
      for (const event of events) assert.isTrue(isEvent(event))
      return { events: encodeEvents(events) }
    },
    onFailure: ({ reason }): Outcome => ({ reason: withoutHint(reason) })
  })

/** What a core returns. */
export const ofCore = (
  result:
    | { readonly _tag: "Received"; readonly events: ReadonlyArray<Event> }
    | { readonly _tag: "Refused"; readonly reason: Reason }
): Outcome => result._tag === "Received" ? { events: result.events } : { reason: withoutHint(result.reason) }

/** Leaves the reason alone of a refusal, which is all that the entries for the web say. */
export const inBrief = (outcome: Outcome): Outcome | { readonly reason: Pick<Reason, "_tag"> } =>
  "reason" in outcome ? { reason: { _tag: outcome.reason._tag } } : outcome

/** What an entry for the web returns, with its events decoded in full. */
export const inFull = (
  result: Web.Received | Web.Refused,
  decode: (request: WebhookRequest) => Received | Refused
): ReturnType<typeof inBrief> => {
  if (result._tag === "Received") return inBrief(ofCore(decode(result.request)))
  const { reason, status } = result
  assert.strictEqual(status, refused(reason as Reason).status)
  return { reason }
}

/** Decodes with the decoder of an entry for the web, which gives no events of what it cannot decode. */
export const basicsOf = (decode: DecodeBasics, provider: string, payload: Payload): ReadonlyArray<Event> => {
  try {
    return decode(provider, payload) ?? []
  } catch {
    return []
  }
}

type DecodeBasics = (provider: string, payload: Payload) => ReadonlyArray<Event> | undefined

const isOfFiles = (content: InboundMessage["content"]): boolean =>
  content._tag === "CompositeContent"
    ? content.parts.every(isOfFiles)
    : ["TextContent", "MediaContent", "FileContent"].includes(content._tag)

/**
 * Compares the events of an entry for the web with those of the core: it leaves
 * out properties and whole messages, and has none that differs. Returns whether
 * there was anything to compare.
 */
export const sameBasics = (basics: ReadonlyArray<Event>, events: ReadonlyArray<Event>): boolean => {
  if (basics.length === 0) return false
  assert.lengthOf(basics, events.length)
  for (const [index, basic] of basics.entries()) {
    const event = events[index]!
    if (basic._tag === "MessagePart" && event._tag === "MessagePart") sameBasics([basic.message], [event.message])
    for (const [name, value] of Object.entries(basic)) {
      if (name === "metadata" || name === "message") continue
      const other = (event as unknown as Readonly<Record<string, unknown>>)[name]
      if (name !== "content" || isOfFiles(other as InboundMessage["content"])) {
        assert.deepStrictEqual(value, other, name)
      }
    }
  }
  return true
}

export const runSync = <A, E>(effect: Effect.Effect<A, E>): A => {
  const exit = Effect.runSyncExit(effect)
  assert.isTrue(Exit.isSuccess(exit))
  return Effect.runSync(effect)
}

/** A request as the Fetch API has it. */
export const toWeb = ({ body, headers, method, url }: WebhookRequest): Request =>
  new Request(url, { method, headers, ...method !== "GET" && { body: body as Uint8Array<ArrayBuffer> } })

/** Changes a body in one place: another byte, an escape, a field more, or a part that is missing. */
export const mutated = (body: Uint8Array): fc.Arbitrary<Uint8Array> =>
  fc.record({
    at: fc.nat(Math.max(0, body.length - 1)),
    with_: fc.oneof(
      fc.uint8Array({ minLength: 0, maxLength: 2 }),
      fc.constantFrom("%", "%2", "%zz", "%00", "%26", "%3D", "%41", "%C3%A9", "%ff", "%EF%BF%BD", "%EF%BB%BF", "%F0%9F")
        .map((text) => Buffer.from(text)),
      fc.constantFrom("&", "=", "+", "&&", "&=", "é", "\u0000", "&Body=x", "&Body=", "?", "&Unknown=1").map((text) =>
        Buffer.from(text)
      )
    ),
    without: fc.nat(4)
  }).map(({ at, with_, without }) => Buffer.concat([body.subarray(0, at), with_, body.subarray(at + without)]))

type Container = Record<string, unknown>

/** The objects and lists in a value, from the outside. */
const containersIn = (value: unknown): ReadonlyArray<Container> =>
  typeof value === "object" && value !== null
    ? [value as Container, ...Object.values(value).flatMap(containersIn)]
    : []

const odd = fc.oneof(
  fc.constantFrom<unknown>("", " ", "x", "0", "2", "inbound", "+15145550100"),
  fc.constantFrom("https://files.example.com/2", " https://files.example.com/3 "),
  fc.constantFrom<unknown>(null, 0, 2, -1, 1.5, true, [], {}),
  fc.constantFrom<unknown>(["x"], ["", "x"], [null], [{}], { message: "x" }, [{ url: "x", code: 1 }])
)

/** Payloads of a carrier's messages and reports, in which a few members are missing, added or of another kind. */
export const nearly = (
  plain: ReadonlyArray<Payload>,
  names: ReadonlyArray<string>
): fc.Arbitrary<Payload> =>
  fc.tuple(
    fc.constantFrom(...plain),
    fc.array(
      fc.record({
        container: fc.nat(100),
        member: fc.nat(100),
        added: fc.option(fc.constantFrom(...names)),
        value: fc.option(odd, { nil: undefined })
      }),
      { maxLength: 2 }
    )
  ).map(([payload, changes]) => {
    const changed: Payload = JSON.parse(JSON.stringify(payload))
    for (const { added, container, member, value } of changes) {
      const containers = containersIn(changed)
      const at = containers[container % containers.length]!
      const members = Object.keys(at)
      const name = added ?? members[member % members.length] ?? "0"
      if (value === undefined) delete at[name]
      else at[name] = structuredClone(value)
    }
    return JSON.parse(JSON.stringify(changed))
  })

/** A bundle for another runtime, and the size of the module that it is, with gzip. */
export const bundle = async (
  entry: string,
  exported: string
): Promise<{ readonly code: string; readonly gzip: number }> => {
  const built = await rolldown({
    input: "entry",
    platform: "browser",
    logLevel: "silent",
    plugins: [{
      name: "entry",
      resolveId: (id) => id === "entry" ? "\0entry" : undefined,
      load: (id) => id === "\0entry" ? `export { ${exported} } from ${JSON.stringify(entry)}` : undefined
    }]
  })
  const { output } = await built.generate({ format: "iife", name: "bundled", minify: true })
  const { output: [module] } = await built.generate({ format: "esm", minify: true })
  await built.close()
  assert.lengthOf(output, 1)
  return { code: output[0].code, gzip: gzipSync(module.code, { level: 9 }).length }
}

/** Runs a bundle where there is nothing but the language and the interfaces of the web. */
export const inBareContext = <A>(code: string): A => {
  const {
    atob,
    Blob,
    btoa,
    crypto,
    Headers,
    Request,
    Response,
    TextDecoder,
    TextEncoder,
    URL,
    URLSearchParams
  } = globalThis
  const context = createContext({
    atob,
    Blob,
    btoa,
    crypto,
    Headers,
    Request,
    Response,
    TextDecoder,
    TextEncoder,
    URL,
    URLSearchParams
  })
  return runInContext(`${code}\nbundled`, context) as A
}
