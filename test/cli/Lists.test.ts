/** The commands that list messages and dead letters, and replay them, against the server itself. */
import { NodeCrypto, NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Layer, Redacted } from "effect"
import { Command } from "effect/cli"
import { SqlClient } from "effect/sql"
import * as DeadLetters from "../../src/cli/DeadLetters.ts"
import { table } from "../../src/cli/listMessages.ts"
import * as Messages from "../../src/cli/Messages.ts"
import { ansi } from "../../src/cli/paint.ts"
import { TextContent } from "../../src/Content.ts"
import * as DeliveryTracker from "../../src/delivery/DeliveryTracker.ts"
import { Forwarder } from "../../src/forward/Forwarder.ts"
import { ListedMessage } from "../../src/http/ListsApi.ts"
import * as MessagesServer from "../../src/http/MessagesServer.ts"
import * as SmsProviders from "../../src/provider/SmsProviders.ts"
import * as RoomInbox from "../../src/rooms/RoomInbox.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import * as Outbox from "../../src/sending/Outbox.ts"
import * as SmsRouter from "../../src/sending/SmsRouter.ts"
import { OptedOut } from "../../src/SmsError.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import { secrets } from "../http/carriers.ts"
import { quiet } from "../http/server.ts"
import { call, layerStored, receive } from "../http/storedGateway.ts"
import { commander } from "./command.ts"

const [ann, bob] = ["+15145550142", "+15145550143"] as [string, string]

const messages = commander(Messages.command)
const operator = commander(Command.make("effect-sms").pipe(Command.withSubcommands([...DeadLetters.commands([])])))

const refuseBob = ({ to }: { readonly to: string }) => to === bob ? Effect.fail(new OptedOut({})) : Effect.void

describe("effect-sms messages", () => {
  it.live("prints what was received and sent as a table, by the filters, in pages", () =>
    Effect.gen(function*() {
      yield* receive("Is it\non its way?", ann)
      yield* call("POST", "/messages", { to: ann, text: "It arrives tomorrow." })
      yield* call("POST", "/messages", { to: bob, text: "no" })
      const all = yield* messages([])
      assert.deepStrictEqual([all.code, all.errors], [0, ""])
      assert.deepStrictEqual(
        all.output.split("\n").map((line) => line.replace(/^\d{4}(-\d\d){2} \d\d(:\d\d){2} /, "NOW ")),
        [
          "TIME                 PERSON          STATE               PROVIDER  TEXT",
          "NOW  → +15145550143  refused (OptedOut)  mock      no",
          "NOW  → +15145550142  accepted            mock      It arrives tomorrow.",
          "NOW  +15145550142 →  received            mock      Is it on its way?"
        ]
      )
      const first = yield* messages(["--limit", "1", "--number", "+1 (514) 555-0142"])
      assert.match(first.output, /It arrives tomorrow\.$/)
      const [, cursor = ""] = /^The next page: --cursor (\S+)$/.exec(first.errors)!
      const second = yield* messages(["--limit", "1", "--number", ann, "--cursor", cursor])
      assert.match(second.output, /Is it on its way\?$/)
      assert.strictEqual(second.errors, "")
      assert.match((yield* messages(["--state", "REFUSED", "--provider", "mock"])).output, /no$/)
      const json = yield* messages(["--direction", "inbound", "--json", "--since", "1970-01-01T00:00:00Z"])
      const { items: [received] } = JSON.parse(json.output)
      assert.deepInclude(received, { from: ann, content: { _tag: "TextContent", text: "Is it\non its way?" } })
      assert.match((yield* messages(["--room", received.roomId])).output, /Is it on its way\?$/)
      for (const none of [["--room", "none"], ["--until", "1970-01-01T00:00:00Z"], ["--provider", "twilio"]]) {
        assert.deepStrictEqual(yield* messages(none), { code: 0, output: "", errors: "" })
      }
    }).pipe(Effect.provide(layerStored(refuseBob))))

  it.live("says in one line what is wrong, and does not repeat what it was given", () =>
    Effect.gen(function*() {
      const failures = [
        [["--cursor", "secret-of-mine"], 1, /cursor/],
        [["--limit", "201"], 2, undefined],
        [["--since", "yesterday"], 2, undefined],
        [["--state", "lost"], 2, undefined]
      ] as const
      for (const [args, code, words] of failures) {
        const printed = yield* messages(args)
        assert.deepStrictEqual([printed.code, printed.errors.includes("secret-of-mine")], [code, false], args.join(" "))
        if (words !== undefined) assert.match(printed.errors, words)
      }
      assert.strictEqual((yield* messages([], { ADMIN_TOKEN: "wrong" })).errors, "The server does not know the token")
      assert.match((yield* messages([], {})).errors, /^EFFECT_SMS_TOKEN or ADMIN_TOKEN must have a token/)
    }).pipe(Effect.provide(layerStored())))

  it("has colors only when it is painted, and nothing that a terminal takes for a command", () => {
    const message = new ListedMessage({
      id: "1",
      direction: "outbound",
      time: DateTime.makeUnsafe(0),
      state: "refused",
      reason: "Opted\u001b[2JOut",
      content: new TextContent({ text: "one\u001b[2Jtwo\r" })
    })
    const [, line] = table([message], (_, text) => text)
    assert.match(line!, /→ unknown {2}refused \(Opted\ufffd\[2JOut\) {2} {10}one\ufffd\[2Jtwo$/)
    const painted = table([message], ansi)
    assert.include(painted[1], "\u001b[31mrefused (Opted\ufffd[2JOut)\u001b[0m")
    assert.deepStrictEqual(table([], ansi), [])
  })
})

/** A server whose rooms cannot be reached until they are repaired, with a forwarder that the test plays. */
const layerBroken = (state: { isBroken: boolean; readonly replayed: Array<unknown> }) => {
  const channel = Effect.suspend(() => state.isBroken ? Effect.fail("broken") : Effect.void)
  const forwarder = Layer.mock(Forwarder, {
    endpoints: Effect.succeed([{ name: "https://app.example.com/sms" } as never]),
    list: () => Effect.succeed([]),
    replay: (id) => Effect.sync(() => id === "forward" && state.replayed.push(id) > 0),
    replaySpan: (span) => Effect.sync(() => state.replayed.push(span))
  })
  return MessagesServer.serve({ adminToken: Redacted.make(secrets.admin) }, quiet).pipe(
    // No second attempt.
    Layer.provide([RoomInbox.layer({ waits: [] }), forwarder]),
    Layer.provide(RoomKit.layerChannel({ id: "web", type: "web", everyRoom: true, deliver: () => channel })),
    Layer.provide([RoomKit.layer(), SmsRouter.layer()]),
    Layer.provide([Outbox.layer(), DeliveryTracker.layer()]),
    Layer.provide(SmsProviders.layer(MockSmsProvider.layer())),
    Layer.provideMerge(SqlStorage.layer()),
    Layer.provideMerge(NodeSqliteClient.layer({ filename: ":memory:" })),
    Layer.provideMerge([NodeCrypto.layer, NodeHttpServer.layerTest])
  )
}

describe("effect-sms dead-letters and replay", () => {
  it.live("list a dead letter without its content, and process it again", () => {
    const state = { isBroken: true, replayed: [] }
    return Effect.gen(function*() {
      yield* receive("a secret text", ann)
      const list = operator(["dead-letters"])
      const { errors, output } = yield* Effect.repeat(list, { until: ({ output }) => output !== "" })
      const [head, row = "", ...others] = output.split("\n")
      assert.deepStrictEqual([errors, others], ["", []])
      assert.match(head!, /^ID +TIME +KIND +EVENT +PROVIDER OR ENDPOINT +FAILURES +LAST ERROR$/)
      const [id = ""] = row.split(" ")
      assert.match(row, /^\S{26} {2}\S+ \S+ {2}inbox {2}InboundMessage {2}mock +1 {9}Unfinished$/)
      const json = yield* operator([
        "dead-letters",
        "--json",
        "--kind",
        "inbox",
        "--event",
        "InboundMessage",
        "--number",
        ann
      ])
      assert.deepInclude(JSON.parse(json.output).items[0], { id, failures: 1 })
      const sql = yield* SqlClient.SqlClient
      yield* sql`INSERT INTO sms_inbox (id, lane, kind, event, state, failures, accepted_at)
        VALUES ('odd', 'l', 'k', '{"text":"a secret text"}', 'dead', 1, 5)`
      const odd = yield* operator(["dead-letters", "--json"])
      assert.deepInclude(JSON.parse(odd.output).items[0], { id: "odd", unreadable: "…" })
      assert.match((yield* list).output, /^odd .* unreadable$/m)
      for (const { output } of [json, odd, yield* list]) assert.notMatch(output, /5550142|a secret text/)
      assert.strictEqual((yield* operator(["dead-letters", "--event", "DeliveryStatus"])).output, "")

      state.isBroken = false
      assert.deepStrictEqual(yield* operator(["replay", id]), { code: 0, output: `Replayed ${id}`, errors: "" })
      yield* Effect.repeat(list, { until: ({ output }) => !output.includes(id) })
    }).pipe(Effect.provide(layerBroken(state)))
  })

  it.live("forward a dead letter again by its id, and those of a span of time", () => {
    const state = { isBroken: false, replayed: Array<unknown>() }
    const [since, until] = ["2026-01-28T13:00:00Z", "2026-01-28T14:00:00Z"] as [string, string]
    return Effect.gen(function*() {
      assert.deepStrictEqual(yield* operator(["replay", "forward", "--json"]), {
        code: 0,
        output: "{\"replayed\":1}",
        errors: ""
      })
      const span = yield* operator(["replay", "--since", since, "--until", until])
      assert.deepStrictEqual([span.code, span.output], [0, "Forwarding 2 events again"])
      yield* operator(["replay", "--since", since, "--endpoint", "https://app.example.com/sms"])
      assert.deepStrictEqual(state.replayed.slice(0, 2), ["forward", {
        since: DateTime.makeUnsafe(since),
        until: DateTime.makeUnsafe(until)
      }])
      assert.deepInclude(state.replayed[2], { endpoint: "https://app.example.com/sms" })

      const elsewhere = yield* operator(["replay", "--since", since, "--endpoint", "https://other.example.com"])
      assert.deepStrictEqual([elsewhere.code, elsewhere.errors], [1, "Unknown endpoint"])
      const unknown = yield* operator(["replay", "none"])
      assert.deepStrictEqual([unknown.code, unknown.errors], [1, "Unknown entry"])
      for (const args of [[], ["forward", "--since", since], ["--until", until]]) {
        const misused = yield* operator(["replay", ...args])
        assert.deepStrictEqual([misused.code, misused.output], [2, ""])
        assert.match(misused.errors, /See effect-sms replay --help$/)
      }
      assert.lengthOf(state.replayed, 3)
    }).pipe(Effect.provide(layerBroken(state)))
  })
})
