import { assert, it } from "@effect/vitest"
import { Effect, References } from "effect"
import * as fc from "fast-check"
import { Address } from "../../src/Address.ts"
import { text } from "../../src/Content.ts"
import type { Delivery } from "../../src/rooms/Channel.ts"
import * as Hook from "../../src/rooms/Hook.ts"
import * as SmsChannel from "../../src/rooms/SmsChannel.ts"
import { OptedOut, OutcomeUnknown, type SmsErrorReason } from "../../src/SmsError.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import { makeKit, message, ours, said, settle } from "./kit.ts"

const people = ["+15145550142", "+15145550143", "+15145550144"].map((number) => Address.make(number))
const providers = ["one", "two"]

type Fate = "sent" | "failed" | "unknown" | "dies" | "blocked"

const answerOf: Record<Fate, Effect.Effect<void, SmsErrorReason>> = {
  sent: Effect.void,
  failed: Effect.fail(new OptedOut({})),
  unknown: Effect.fail(new OutcomeUnknown({ because: "ServerError" })),
  dies: Effect.die(new Error("bug")),
  blocked: Effect.die(new Error("was not blocked"))
}

interface Step {
  readonly what: "attach" | "detach" | "receive" | "post"
  readonly provider: string
  readonly person: Address
}

interface Scenario {
  readonly steps: ReadonlyArray<Step>
  /** What becomes of a message, by provider and person. */
  readonly fates: Readonly<Record<string, Fate>>
}

/** What should become of an event: each channel's outcome and what is sent, said as simply as possible. */
const expected = (
  room: ReadonlyArray<Step>,
  from: Pick<Step, "provider" | "person"> | undefined,
  fates: Scenario["fates"]
) =>
  providers.flatMap((provider) => {
    const attached = room.filter((attachment) => attachment.provider === provider)
    if (attached.length === 0 || from?.provider === provider) return []
    const sends = attached.filter(({ person }) => person !== from?.person).map(({ person }) => {
      const fate = fates[`${provider} ${person}`] ?? "sent"
      return { person, outcome: fate === "dies" ? "unknown" : fate }
    })
    const some = (outcome: string) => sends.some((send) => send.outcome === outcome)
    const every = (outcome: string) => sends.every((send) => send.outcome === outcome)
    const outcome = every("sent")
      ? "delivered"
      : some("sent")
      ? "partial"
      : some("unknown")
      ? "unknown"
      : every("blocked")
      ? "blocked"
      : "failed"
    return [{ channelId: `sms-${provider}`, outcome, sends }]
  })

const actual = (deliveries: ReadonlyArray<Delivery>) =>
  deliveries
    .map(({ channelId, outcome, sends = [] }) => ({
      channelId,
      outcome,
      sends: sends.map(({ outcome, recipient }) => ({ person: recipient, outcome }))
    }))
    .sort((a, b) => a.channelId < b.channelId ? -1 : 1)

const play = Effect.fnUntraced(function*({ fates, steps }: Scenario) {
  const kit = yield* makeKit()
  const out: Array<string> = []
  const mocks = yield* Effect.forEach(providers, (name) =>
    MockSmsProvider.make({
      name,
      respond: ({ to }) => Effect.andThen(Effect.yieldNow, answerOf[fates[`${name} ${to}`] ?? "sent"])
    }))
  for (const mock of mocks) yield* kit.registerChannel(SmsChannel.make({ provider: mock }))
  yield* kit.hook(Hook.beforeSend({
    name: "block",
    run: ({ to }, { provider }) =>
      Effect.succeed(fates[`${provider} ${to}`] === "blocked" ? Hook.block("no") : Hook.allow)
  }))
  const after: Array<string> = []
  yield* kit.hook(Hook.afterSend({
    name: "after",
    run: ({ to }, result, { provider }) => Effect.sync(() => void after.push(`${provider} ${to} ${result._tag}`))
  }))
  yield* kit.createRoom({ id: "room" })
  let room: ReadonlyArray<Step> = []
  const asked: Array<string> = []
  for (const [index, step] of steps.entries()) {
    const { person, provider, what } = step
    const attachment = { channelId: `sms-${provider}`, participant: person, recipient: ours }
    const isThere = room.some((other) => other.person === person && other.provider === provider)
    if (what === "attach") {
      yield* kit.attachChannel("room", attachment)
      if (!isThere) room = room.concat(step)
    } else if (what === "detach") {
      yield* kit.detachChannel("room", attachment)
      room = room.filter((other) => other.person !== person || other.provider !== provider)
    } else if (what === "post" || isThere) {
      const result = what === "post"
        ? yield* kit.post("room", said(String(index)))
        : yield* kit.processInbound(message(String(index), { channelId: `sms-${provider}`, sender: person }))
      assert(result._tag === "Broadcast" && result.event.roomId === "room")
      const deliveries = expected(room, what === "post" ? undefined : step, fates)
      assert.deepStrictEqual(actual(result.deliveries), deliveries)
      for (const { channelId, sends } of deliveries) {
        for (const { outcome, person } of sends) {
          const key = `${channelId.slice(4)} ${person}`
          if (outcome === "sent") out.push(`${key} ${index}`)
          if (outcome !== "blocked") asked.push(`${key} ${outcome === "sent" ? "Success" : "Failure"}`)
        }
      }
    }
  }
  yield* settle
  assert.sameMembers(after, asked)
  for (const mock of mocks) {
    const sent = yield* mock.sent
    assert.sameMembers(
      sent.map(({ content, from, to }) => `${mock.name} ${to} ${text(content)}${from === ours ? "" : from}`),
      out.filter((line) => line.startsWith(mock.name))
    )
    for (const [index, { to }] of sent.entries()) {
      const key = { provider: mock.name, messageId: `mock-${index + 1}`, recipient: to }
      assert.strictEqual((yield* kit.tracker.get(key))?.status, "queued")
    }
  }
})

const step = fc.record<Step>({
  what: fc.constantFrom("attach", "attach", "detach", "receive", "post"),
  provider: fc.constantFrom(...providers),
  person: fc.constantFrom(...people)
})
const fates = fc.dictionary(
  fc.constantFrom(...providers.flatMap((provider) => people.map((person) => `${provider} ${person}`))),
  fc.constantFrom<Fate>("sent", "failed", "unknown", "dies", "blocked")
)

it.effect(
  "in any room, each person gets what a simple model says, once, and every result says so",
  () =>
    Effect.gen(function*() {
      const run = Effect.runPromiseWith(yield* Effect.context<never>())
      const property = fc.asyncProperty(
        fc.record({ steps: fc.array(step, { maxLength: 25, size: "max" }), fates }),
        (scenario) => run(Effect.scoped(play(scenario)).pipe(Effect.provideService(References.MinimumLogLevel, "None")))
      )
      yield* Effect.promise(() => fc.assert(property, { numRuns: 300 }))
    }),
  30_000
)
