import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Hook from "../../src/rooms/Hook.ts"
import { RoomKit } from "../../src/rooms/RoomKit.ts"
import { OptedOut } from "../../src/SmsError.ts"
import { get } from "./gateway.ts"
import { assertProblem } from "./server.ts"
import { call, layerStored, receive } from "./storedGateway.ts"

const [ann, bob] = ["+15145550142", "+15145550143"] as [string, string]

interface Item {
  readonly id: string
  readonly messageId: string
  readonly direction: string
  readonly state: string
  readonly status: string
  readonly from?: string
  readonly to?: string
  readonly roomId?: string
  readonly reason?: string
  readonly provider?: string
  readonly messageIds?: ReadonlyArray<string>
  readonly content: { readonly text: string }
  readonly attachments: ReadonlyArray<{ readonly participant: string }>
}

const page = Effect.fnUntraced(function*(target: string) {
  const { json, status } = yield* call("GET", target)
  assert.strictEqual(status, 200, JSON.stringify(json))
  return json as unknown as { readonly items: ReadonlyArray<Item>; readonly next?: string }
})

const items = (target: string) => Effect.map(page(target), ({ items }) => items)

/** All of a list in pages, with something done after each. */
const walk = Effect.fnUntraced(function*<E, R>(path: string, limit: number, between: Effect.Effect<unknown, E, R>) {
  const all: Array<Item> = []
  let cursor = ""
  while (true) {
    const { items, next } = yield* page(`${path}${path.includes("?") ? "&" : "?"}limit=${limit}${cursor}`)
    assert.isAtMost(items.length, limit)
    all.push(...items)
    if (next === undefined) return all
    cursor = `&cursor=${next}`
    yield* between
  }
})

const texts = (items: ReadonlyArray<Item>) => items.map(({ content }) => content.text)

const send = (text: string, to = ann) => call("POST", "/messages", { to, text })

const refuseBob = ({ to }: { readonly to: string }) => to === bob ? Effect.fail(new OptedOut({})) : Effect.void

describe("GET /messages", () => {
  it.live("lists what was received and sent, the latest first, in pages that inserts do not disturb", () =>
    Effect.gen(function*() {
      const expected: Array<string> = []
      for (let index = 0; index < 10; index++) {
        yield* index % 3 === 0 ? send(`${index}`) : receive(`${index}`, index % 2 === 0 ? ann : bob)
        expected.unshift(`${index}`)
      }
      const all = yield* walk("/messages", 3, Effect.andThen(send("new"), receive("new", bob)))
      assert.deepStrictEqual(texts(all).toSorted(), expected.toSorted())
      assert.strictEqual(new Set(all.map(({ id }) => id)).size, 10)
      assert.deepStrictEqual(
        texts(yield* walk("/messages?direction=inbound&until=2100-01-01T00:00:00Z", 200, Effect.void)).filter((text) =>
          text !== "new"
        ),
        ["8", "7", "5", "4", "2", "1"]
      )
      const whole = yield* items("/messages?limit=200")
      assert.isAbove(whole.length, 10)
    }).pipe(Effect.provide(layerStored())))

  it.live("says what each is, and finds it by number, state and provider", () =>
    Effect.gen(function*() {
      const kit = yield* RoomKit
      yield* kit.hook(Hook.beforeBroadcast({
        name: "consent",
        run: ({ content }) =>
          Effect.succeed(
            content._tag === "TextContent" && content.text === "spam" ? Hook.block("unwanted") : Hook.allow
          )
      }))
      yield* receive("hello", ann)
      yield* receive("spam", bob)
      yield* send("hi")
      assert.strictEqual((yield* send("no", bob)).status, 422)
      const [inbound] = yield* items("/messages?state=received")
      const [room] = yield* items("/rooms?number=15145550142")
      assert.deepInclude(inbound, {
        direction: "inbound",
        from: ann,
        to: "+15145550100",
        provider: "mock",
        roomId: room!.id
      })
      const [accepted] = yield* items("/messages?state=accepted")
      assert.deepInclude(accepted, { direction: "outbound", to: ann, provider: "mock", messageIds: ["mock-1"] })
      const [blocked] = yield* items("/messages?state=blocked")
      assert.deepInclude(blocked, { from: bob, reason: "unwanted" })
      const [refused] = yield* items("/messages?state=refused&number=%2B1+514+555-0143")
      assert.deepInclude(refused, { to: bob, reason: "OptedOut" })
      assert.sameMembers(texts(yield* items(`/messages?number=${bob}`)), ["spam", "no"])
      assert.lengthOf(yield* items("/messages?provider=mock"), 4)
      assert.deepStrictEqual(texts(yield* items(`/messages?room=${room!.id}`)), ["hello"])
      assert.deepStrictEqual(yield* items(`/messages?room=${room!.id}&number=${bob}`), [])
      assert.lengthOf(yield* items("/messages?provider=MOCK"), 4)
      // A carrier that may have been configured earlier.
      assert.deepStrictEqual(yield* items("/messages?provider=Twilio"), [])
      for (const number of ["1%20(514)%20555-0143", "15145550143", "+15145550143", "(1)%20514.555.0143"]) {
        assert.sameMembers(texts(yield* items(`/messages?number=${number}`)), ["spam", "no"], number)
      }
      assert.deepStrictEqual(yield* items("/messages?state=received&direction=outbound"), [])
      assert.lengthOf(yield* items("/messages?since=1970-01-01T00:00:00Z"), 4)
      assert.deepStrictEqual(yield* items("/messages?until=1970-01-01T00:00:00Z"), [])
    }).pipe(Effect.scoped, Effect.provide(layerStored(refuseBob))))

  it.live("refuses what is no limit, no cursor, no time and no state", () =>
    Effect.gen(function*() {
      yield* receive("1", ann)
      yield* receive("2", ann)
      const { next } = yield* page("/messages?limit=1")
      assert.isString(next)
      for (
        const query of [
          "limit=0",
          "limit=201",
          "limit=1.5",
          "limit=x",
          "cursor=",
          "cursor=x",
          "cursor=e30x",
          `cursor=${next!.slice(1)}`,
          "state=odd",
          "since=5",
          "until=yesterday"
        ]
      ) assert.strictEqual((yield* get(`/messages?${query}`)).status, 400, query)
      for (const path of ["/messages", "/deliveries", "/dead-letters"]) {
        const { body, status } = yield* get(`${path}?provider=twillio`)
        assert.strictEqual(status, 400, path)
        assert.match(JSON.parse(body).detail, /^provider: expected one of mock, .*twilio/)
      }
      for (const path of ["/messages", "/rooms", "/deliveries", "/dead-letters"]) {
        for (const number of ["ann", "4185550199", "418-555-0199", "+1", "%2B0014185550199", "-"]) {
          const { body, status } = yield* get(`${path}?number=${number}`)
          assert.strictEqual(status, 400, `${path} ${number}`)
          assert.match(JSON.parse(body).detail, /^number: .*country code/)
          assert.notInclude(body, "4185550199")
        }
      }
      for (const path of ["/rooms", "/deliveries", "/dead-letters"]) {
        assertProblem(
          yield* get(`${path}?cursor=${next}`),
          400,
          "cursor: expected the `next` of an earlier page of this list"
        )
      }
      for (const path of ["/messages", "/deliveries", "/rooms", "/dead-letters"]) {
        assertProblem(yield* get(path, {}), 401)
        const { headers } = yield* get(path)
        assert.strictEqual(headers["cache-control"], "no-store")
      }
    }).pipe(Effect.provide(layerStored())))
})

describe("the other lists", () => {
  it.live("page rooms by activity, and find them by number", () =>
    Effect.gen(function*() {
      const people = ["+15145550101", "+15145550102", "+15145550103", "+15145550104", "+15145550105"]
      for (const from of people) yield* receive("hello", from)
      const all = yield* walk("/rooms", 2, receive("hello", "+15145550199"))
      assert.deepStrictEqual(all.map(({ attachments: [first] }) => first!.participant), people.toReversed())
      const [found, ...others] = yield* items(`/rooms?number=${people[2]}`)
      assert.lengthOf(others, 0)
      yield* receive("again", people[2]!)
      const said = yield* walk(`/rooms/${found!.id}/events`, 1, Effect.void)
      assert.deepStrictEqual(texts(said), ["again", "hello"])
      for (const path of ["/rooms", `/rooms/${found!.id}/events`]) {
        assert.isAbove((yield* items(`${path}?since=1970-01-01T00:00:00Z&until=2100-01-01T00:00:00Z`)).length, 1, path)
        assert.deepStrictEqual(yield* items(`${path}?until=1970-01-01T00:00:00Z`), [], path)
        assert.deepStrictEqual(yield* items(`${path}?since=2100-01-01T00:00:00Z`), [], path)
        assert.strictEqual((yield* get(`${path}?since=yesterday`)).status, 400, path)
      }
    }).pipe(Effect.provide(layerStored())))

  it.live("page deliveries, and find them by number, status and provider", () =>
    Effect.gen(function*() {
      for (const to of [ann, bob, ann]) yield* send("hi", to)
      yield* call("POST", "/webhooks/sms/mock/status", { id: "mock-1", to: ann, status: "delivered", text: "" })
      const all = yield* walk("/deliveries", 2, send("new", "+15145550199"))
      assert.deepStrictEqual(all.map(({ messageId }) => messageId), ["mock-3", "mock-2", "mock-1"])
      const ids = (query: string) =>
        Effect.map(items(`/deliveries?${query}`), (all) => all.map(({ messageId }) => messageId))
      assert.deepStrictEqual(yield* ids("number=15145550142"), ["mock-3", "mock-1"])
      assert.deepStrictEqual(yield* ids("status=delivered"), ["mock-1"])
      assert.deepStrictEqual(yield* ids("provider=twilio"), [])
    }).pipe(Effect.provide(layerStored())))
})
