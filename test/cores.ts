/**
 * What the tests of the carriers' cores have in common.
 */
import { assert } from "@effect/vitest"
import { Effect, Exit, Schema } from "effect"
import * as fc from "fast-check"
import { createContext, runInContext } from "node:vm"
import { rolldown } from "rolldown"
import type { Event, InboundMessage } from "../src/provider/core/build.ts"
import type { Received, WebReceived } from "../src/provider/core/receive.ts"
import type { Reason, Refused } from "../src/provider/core/refusal.ts"
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

/** What an entry for the web returns, with its events decoded in full. */
export const inFull = (
  result: WebReceived | Refused,
  decode: (request: WebhookRequest) => Received | Refused
): Outcome => ofCore(result._tag === "Received" ? decode(result.request) : result)

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
  if (basics.every(({ _tag }) => _tag === "Unrecognized")) return false
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

/** A bundle for another runtime, and its size. */
export const bundle = async (entry: string, exported: string): Promise<{ readonly code: string }> => {
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
  await built.close()
  assert.lengthOf(output, 1)
  return { code: output[0].code }
}

/** Runs a bundle where there is nothing but the language and the interfaces of the web. */
export const inBareContext = <A>(code: string): A => {
  const {
    atob,
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
