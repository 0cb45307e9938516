/** Messages of several parts that were sent in part, and are continued. */
import { NodeCrypto, NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Redacted } from "effect"
import { Address } from "../../src/Address.ts"
import { TextContent } from "../../src/Content.ts"
import { MessagesServer } from "../../src/http/index.ts"
import { OutboundMessage } from "../../src/Message.ts"
import * as SmsProviders from "../../src/provider/SmsProviders.ts"
import * as Hook from "../../src/rooms/Hook.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import { FoundPart } from "../../src/sending/IntentStore.ts"
import * as Outbox from "../../src/sending/Outbox.ts"
import * as SmsRouter from "../../src/sending/SmsRouter.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import * as Twilio from "../../src/twilio/index.ts"
import { observe } from "../observe.ts"
import { secrets } from "./carriers.ts"
import { authorized, get, layerTracker, post } from "./gateway.ts"
import { type Answer, layerNode, quiet, request } from "./server.ts"
import { makeTwilio } from "./twilio.ts"

const to = Address.make("+15145550142")

const layer = (baseUrl: string) =>
  MessagesServer.serve({ adminToken: Redacted.make(secrets.admin) }, quiet).pipe(
    Layer.provide(SmsRouter.layer()),
    Layer.provideMerge(Outbox.layer()),
    Layer.provide(SmsProviders.layer(Twilio.layer({
      accountSid: "AC1",
      authToken: Redacted.make("token"),
      from: Address.make("+15145550100"),
      longText: "split",
      retry: { times: 0 },
      baseUrl
    }))),
    Layer.provideMerge(RoomKit.layer()),
    Layer.provide(layerTracker),
    Layer.provide(SqlStorage.layer()),
    Layer.provide(NodeSqliteClient.layer({ filename: ":memory:" })),
    Layer.provideMerge([NodeCrypto.layer, NodeHttpClient.layerUndici]),
    Layer.provideMerge(layerNode),
    Layer.provide(observe().layer)
  )

/** Three parts, which begin with their number. */
const text = ["1", "2", "3"].map((digit) => digit.repeat(1600)).join("")

const partsOf = (twilio: { readonly asked: ReadonlyArray<{ readonly form: Readonly<Record<string, string>> }> }) =>
  twilio.asked.map(({ form }) => form["Body"]?.[0])

const taken = (number: number) => ({ status: 201, body: JSON.stringify({ sid: `SM${number}`, status: "queued" }) })
const full = { status: 429, body: JSON.stringify({ code: 20429, message: "Too many requests", status: 429 }) }

const resend = (id: string) =>
  request({ method: "POST", target: `/intents/${id}/resend`, headers: authorized, body: "" })

const bodyOf = ({ body }: Answer) =>
  JSON.parse(body) as {
    readonly id: string
    readonly state: string
    readonly reason?: string
    readonly resolvedBy?: string
    readonly messageIds?: ReadonlyArray<string>
    readonly part?: { readonly number: number; readonly of: number }
    readonly accepted?: { readonly messageIds: ReadonlyArray<string> }
    readonly receipt?: { readonly messageIds: ReadonlyArray<string> }
    readonly found?: ReadonlyArray<object>
  }

const bodiesOf = ({ body }: Answer) => JSON.parse(body) as readonly [ReturnType<typeof bodyOf>]

const foundPart = (part: number, messageId: string, by: string) => ({ part, of: 3, provider: "twilio", messageId, by })

/** Sends a message of three parts, of which some are sent. Gives the id of its intent. */
const sendInPart = Effect.gen(function*() {
  const answer = bodyOf(yield* post({ to, text }))
  assert.isDefined(answer.accepted)
  const [intent] = JSON.parse((yield* get("/intents?state=unknown")).body) as ReadonlyArray<ReturnType<typeof bodyOf>>
  assert.deepStrictEqual([intent!.part, intent!.accepted], [answer.part, answer.accepted])
  return intent!.id
})

describe("a message that was sent in part", () => {
  it.live("is continued with its unsent parts alone, once, and is accepted then", () =>
    Effect.gen(function*() {
      const twilio = yield* makeTwilio((number) => number === 2 ? full : taken(number))
      yield* Effect.gen(function*() {
        const id = yield* sendInPart
        const answers = yield* Effect.replicateEffect(resend(id), 3)
        assert.deepStrictEqual(answers.map((answer) => [answer.status, bodyOf(answer).messageIds]), [
          [200, ["SM1", "SM3", "SM4"]],
          [200, ["SM1", "SM3", "SM4"]],
          [200, ["SM1", "SM3", "SM4"]]
        ])
        assert.deepStrictEqual(partsOf(twilio), ["1", "2", "2", "3"])
        const { resolvedBy, state } = bodyOf(yield* get(`/intents/${id}`))
        assert.deepStrictEqual([state, resolvedBy], ["accepted", "operator: sent the rest"])
      }).pipe(Effect.provide(layer(twilio.baseUrl)))
    }))

  it.live("keeps what was sent while further attempts are refused", () =>
    Effect.gen(function*() {
      // Part 2 is refused twice, then part 3.
      const twilio = yield* makeTwilio((number) => [2, 3, 5].includes(number) ? full : taken(number))
      yield* Effect.gen(function*() {
        const id = yield* sendInPart
        const expected = [[2, ["SM1"]], [3, ["SM1", "SM4"]]]
        for (const [number, messageIds] of expected) {
          const answer = yield* resend(id)
          const { accepted, part } = bodyOf(answer)
          assert.deepStrictEqual([answer.status, part?.number, accepted?.messageIds], [409, number, messageIds])
          const intent = bodyOf(yield* get(`/intents/${id}`))
          assert.deepStrictEqual([intent.state, intent.part, intent.accepted], ["unknown", part, accepted])
        }
        assert.deepStrictEqual(bodyOf(yield* resend(id)).messageIds, ["SM1", "SM4", "SM6"])
        assert.deepStrictEqual(partsOf(twilio), ["1", "2", "2", "2", "3", "3"])
      }).pipe(Effect.provide(layer(twilio.baseUrl)))
    }))

  it.live("is continued with the part that may have been sent, because an operator decides so", () =>
    Effect.gen(function*() {
      const twilio = yield* makeTwilio((number) => number === 2 ? "cut the connection" : taken(number))
      yield* Effect.gen(function*() {
        const id = yield* sendInPart
        const outbox = yield* Outbox.Outbox
        const undecided = yield* Effect.flip(outbox.sendRest(id, () => Effect.die("not decided")))
        assert.deepInclude({ ...undecided }, { part: { number: 2, of: 3 } })
        assert.deepStrictEqual(bodyOf(yield* resend(id)).messageIds, ["SM1", "SM3", "SM4"])
        assert.deepStrictEqual(partsOf(twilio), ["1", "2", "2", "3"])
      }).pipe(Effect.provide(layer(twilio.baseUrl)))
    }))

  it.live("is shown with the parts that were sent while the others are", () =>
    Effect.gen(function*() {
      const twilio = yield* makeTwilio((number) => number < 3 ? taken(number) : undefined)
      yield* Effect.gen(function*() {
        const sending = yield* Effect.forkChild(post({ to, text }))
        yield* Effect.repeat(twilio.next, { until: () => twilio.asked.length === 3 })
        const [{ found }] = bodiesOf(yield* get("/intents?state=sending"))
        assert.deepStrictEqual(found, [foundPart(1, "SM1", "response"), foundPart(2, "SM2", "response")])
        yield* twilio.answer(twilio.asked[2]!.response, 201, taken(3).body)
        const { messageIds } = bodyOf(yield* Fiber.join(sending))
        assert.deepStrictEqual(messageIds, ["SM1", "SM2", "SM3"])
        const [accepted] = bodiesOf(yield* get("/intents?state=accepted"))
        assert.deepStrictEqual([accepted.found, accepted.receipt?.messageIds], [undefined, messageIds])
      }).pipe(Effect.provide(layer(twilio.baseUrl)))
    }))

  it.live("is continued after the parts that the carrier is found to have when its server was killed", () =>
    Effect.gen(function*() {
      // Part 3 is refused once.
      const twilio = yield* makeTwilio((number) => number === 2 ? full : taken(number))
      yield* Effect.gen(function*() {
        const { intents } = yield* Outbox.Outbox
        const id = "killed"
        yield* intents.reserve({
          id,
          hash: "h",
          message: new OutboundMessage({ to, content: new TextContent({ text }) })
        })
        const report = { of: 3, provider: "twilio", by: "delivery report" } as const
        yield* intents.recordFound(id, new FoundPart({ ...report, part: 1, messageId: "SMa" }))
        yield* intents.settle(id, { state: "unknown" })
        const killed = bodyOf(yield* get(`/intents/${id}`))
        assert.deepStrictEqual([killed.state, killed.found], ["unknown", [foundPart(1, "SMa", "delivery report")]])

        const failed = yield* resend(id)
        const { accepted, part } = bodyOf(failed)
        assert.deepStrictEqual([failed.status, part?.number, accepted?.messageIds], [409, 3, ["SMa", "SM1"]])
        const { messageIds } = bodyOf(yield* resend(id))
        assert.deepStrictEqual(messageIds, ["SMa", "SM1", "SM3"])
        assert.deepStrictEqual(partsOf(twilio), ["2", "3", "3"])
        const { found, receipt, state } = bodyOf(yield* get(`/intents/${id}`))
        assert.deepStrictEqual([state, receipt?.messageIds], ["accepted", messageIds])
        assert.deepStrictEqual(found, [foundPart(1, "SMa", "delivery report"), foundPart(2, "SM1", "response")])
      }).pipe(Effect.provide(layer(twilio.baseUrl)))
    }))

  it.live("passes the hooks again, and is not continued with another message", () =>
    Effect.gen(function*() {
      const twilio = yield* makeTwilio((number) => number === 2 ? full : taken(number))
      yield* Effect.gen(function*() {
        const id = yield* sendInPart
        const kit = yield* RoomKit.RoomKit
        const answers: Array<Hook.HookResult<OutboundMessage>> = [
          Hook.modify(new OutboundMessage({ to, content: new TextContent({ text: "shorter" }) })),
          Hook.block("opted out")
        ]
        yield* kit.hook(Hook.beforeSend({ name: "consent", run: () => Effect.succeed(answers.shift()!) }))
        const shorter = yield* resend(id)
        assert.deepStrictEqual([shorter.status, bodyOf(shorter).reason], [409, "InvalidMessage"])
        assert.deepInclude(bodyOf(yield* resend(id)), { reason: "Blocked" })
        const { accepted, part, state } = bodyOf(yield* get(`/intents/${id}`))
        assert.deepStrictEqual([state, part?.number, accepted?.messageIds], ["unknown", 2, ["SM1"]])
        assert.deepStrictEqual(partsOf(twilio), ["1", "2"])
      }).pipe(Effect.scoped, Effect.provide(layer(twilio.baseUrl)))
    }))

  it.live("is continued once by requests that come at the same time", () =>
    Effect.gen(function*() {
      const twilio = yield* makeTwilio((number) => number === 2 ? full : taken(number))
      yield* Effect.gen(function*() {
        const id = yield* sendInPart
        const answers = yield* Effect.replicateEffect(resend(id), 4, { concurrency: "unbounded" })
        assert.include(answers.map(({ status }) => status), 200)
        assert.deepStrictEqual(partsOf(twilio), ["1", "2", "2", "3"])
      }).pipe(Effect.provide(layer(twilio.baseUrl)))
    }))
})
