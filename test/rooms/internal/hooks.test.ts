import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect } from "effect"
import * as fc from "fast-check"
import type { ChannelType } from "../../../src/Message.ts"
import { EventSource, RoomEvent } from "../../../src/RoomEvent.ts"
import * as Hook from "../../../src/rooms/Hook.ts"
import { HookRegistry } from "../../../src/rooms/internal/hooks.ts"
import { textContent } from "../kit.ts"

interface Source {
  readonly channelId?: string
  readonly channelType?: ChannelType
  readonly direction?: "inbound" | "outbound"
  readonly roomId?: string
}

const eventFrom = (
  { channelId = "sms", channelType = "sms", direction = "inbound", roomId = "room" }: Source = {}
): RoomEvent =>
  new RoomEvent({
    id: "event",
    roomId,
    source: new EventSource({ channelId, channelType, direction, metadata: {} }),
    content: textContent("hello"),
    createdAt: DateTime.makeUnsafe(0)
  })

const before = (name: string, options: Omit<Hook.Options, "name"> = {}): Hook.Hook =>
  Hook.beforeBroadcast({ name, ...options, run: () => Effect.succeed(Hook.allow) })

const after = (name: string, options: Omit<Hook.Options, "name"> = {}): Hook.Hook =>
  Hook.afterBroadcast({ name, ...options, run: () => Effect.void })

const registryOf = (...hooks: ReadonlyArray<Hook.Hook>) => {
  const registry = new HookRegistry()
  for (const hook of hooks) registry.add(hook)
  return registry
}

const names = (hooks: ReadonlyArray<Hook.Hook>) => hooks.map(({ name }) => name)

const options = fc.record({
  priority: fc.constantFrom(-1, 0, 1),
  channelIds: fc.subarray(["sms", "mms one", "web"]),
  channelTypes: fc.subarray<ChannelType>(["sms", "mms", "web"]),
  directions: fc.subarray<"inbound" | "outbound">(["inbound", "outbound"]),
  roomId: fc.constantFrom("room", "other")
}, { requiredKeys: [] })

const source = fc.record({
  channelId: fc.constantFrom("sms", "mms one", "web"),
  channelType: fc.constantFrom<ChannelType>("sms", "mms", "web"),
  direction: fc.constantFrom<"inbound" | "outbound">("inbound", "outbound"),
  roomId: fc.constantFrom("room", "other", "third")
})

describe("the hook registry", () => {
  it("orders by priority, then by registration, rooms and all together", () => {
    const registry = registryOf(
      before("c", { priority: 5 }),
      before("a", { priority: -1, roomId: "room" }),
      before("d", { priority: 5, roomId: "room" }),
      before("b"),
      before("e", { priority: 5 })
    )
    assert.deepStrictEqual(names(registry.matching("BeforeBroadcast", eventFrom())), ["a", "b", "c", "d", "e"])
    assert.deepStrictEqual(names(registry.matching("BeforeBroadcast", eventFrom({ roomId: "other" }))), ["b", "c", "e"])
  })

  it("tells the triggers apart", () => {
    const registry = registryOf(before("before"), after("after"), before("here", { roomId: "room" }))
    assert.deepStrictEqual(names(registry.matching("BeforeBroadcast", eventFrom())), ["before", "here"])
    assert.deepStrictEqual(names(registry.matching("AfterBroadcast", eventFrom())), ["after"])
  })

  it("keeps the place of a hook when others come and go", () => {
    const [a, b, c] = [before("a"), before("b"), before("c")] as const
    const registry = registryOf(a, b, c)
    registry.remove(a)
    registry.add(a)
    registry.remove(b)
    assert.deepStrictEqual(names(registry.matching("BeforeBroadcast", eventFrom())), ["c", "a"])
    assert.isTrue(registry.has(a))
    assert.isFalse(registry.has(b))
  })

  it("finds a hook that is added after the event's kind was seen, and loses one that is removed", () => {
    const registry = registryOf(before("a"))
    assert.deepStrictEqual(names(registry.matching("BeforeBroadcast", eventFrom())), ["a"])
    const late = before("late")
    registry.add(late)
    assert.deepStrictEqual(names(registry.matching("BeforeBroadcast", eventFrom())), ["a", "late"])
    registry.remove(late)
    assert.deepStrictEqual(names(registry.matching("BeforeBroadcast", eventFrom())), ["a"])
  })

  it("finds what a look at every hook finds, after any additions and removals", () => {
    const change = fc.record({ options, trigger: fc.boolean(), remove: fc.option(fc.nat(), { freq: 3 }) })
    fc.assert(fc.property(fc.array(change), fc.array(source, { minLength: 1 }), (changes, sources) => {
      const registry = new HookRegistry()
      let registered: ReadonlyArray<Hook.Hook> = []
      changes.forEach(({ options, remove, trigger }, index) => {
        const hook = (trigger ? before : after)(`hook ${index}`, options)
        registry.add(hook)
        registered = [...registered, hook]
        // Fills what it remembers, so that a change has to correct it.
        registry.matching("BeforeBroadcast", eventFrom(sources[index % sources.length]))
        const gone = remove === null ? undefined : registered[remove % registered.length]
        if (gone !== undefined) {
          registry.remove(gone)
          registered = registered.filter((other) => other !== gone)
        }
      })
      for (const event of sources.map(eventFrom)) {
        for (const trigger of ["BeforeBroadcast", "AfterBroadcast"] as const) {
          const expected = registered.filter((hook) => hook.trigger === trigger && Hook.matches(hook, event))
            .sort((a, b) => (a.priority ?? 0) - (b.priority ?? 0))
          assert.deepStrictEqual(names(registry.matching(trigger, event)), names(expected))
        }
      }
    }))
  })

  it("asks no hook twice about the same kind of event, and none of another room", () => {
    let asked = 0
    const counting = (name: string, options: Omit<Hook.Options, "name"> = {}) =>
      new Proxy(before(name, options), {
        get: (hook, property, receiver) => {
          if (property === "directions") asked++
          return Reflect.get(hook, property, receiver)
        }
      })
    const registry = registryOf(
      ...Array.from({ length: 100 }, (_, index) => counting(`hook ${index}`, { channelIds: ["web"] })),
      ...Array.from({ length: 100 }, (_, index) => counting(`room hook ${index}`, { roomId: `room ${index}` })),
      before("all")
    )
    const everywhere = registryOf(...Array.from({ length: 100 }, (_, index) => counting(`hook ${index}`)))
    for (let index = 0; index < 1000; index++) {
      assert.deepStrictEqual(names(registry.matching("BeforeBroadcast", eventFrom())), ["all"])
      assert.lengthOf(everywhere.matching("BeforeBroadcast", eventFrom()), 100)
    }
    assert.isAtMost(asked, 200)
  })

  it("works with a channel a conversation", () => {
    const registry = registryOf(before("all"), before("one", { channelIds: ["channel 7"] }))
    for (let index = 0; index < 5000; index++) {
      const found = names(registry.matching("BeforeBroadcast", eventFrom({ channelId: `channel ${index}` })))
      assert.deepStrictEqual(found, index === 7 ? ["all", "one"] : ["all"])
    }
  })
})

describe("the filters of a hook", () => {
  const matches = (filters: Hook.Filters, source: Source) => Hook.matches(filters, eventFrom(source))

  it("let everything through when there are none, and nothing through an empty list", () => {
    assert.isTrue(matches({}, {}))
    assert.isTrue(matches({ channelIds: undefined, channelTypes: undefined, directions: undefined }, {}))
    for (const filters of [{ channelIds: [] }, { channelTypes: [] }, { directions: [] }]) {
      assert.isFalse(matches(filters, {}))
    }
  })

  it("are each for one thing", () => {
    assert.isTrue(matches({ channelIds: ["sms", "web"] }, { channelId: "web" }))
    assert.isFalse(matches({ channelIds: ["sms", "web"] }, { channelId: "ai" }))
    assert.isTrue(matches({ channelTypes: ["sms", "mms"] }, { channelType: "mms" }))
    assert.isFalse(matches({ channelTypes: ["mms"] }, { channelType: "sms" }))
    assert.isTrue(matches({ directions: ["outbound"] }, { direction: "outbound" }))
    assert.isFalse(matches({ directions: ["outbound"] }, { direction: "inbound" }))
    assert.isTrue(matches({ roomId: "room" }, { roomId: "room" }))
    assert.isFalse(matches({ roomId: "room" }, { roomId: "other" }))
  })

  it("have to agree all together", () => {
    fc.assert(fc.property(options, source, (filters, source) => {
      assert.strictEqual(
        matches(filters, source),
        (filters.channelIds?.includes(source.channelId) ?? true) &&
          (filters.channelTypes?.includes(source.channelType) ?? true) &&
          (filters.directions?.includes(source.direction) ?? true) &&
          (filters.roomId ?? source.roomId) === source.roomId
      )
    }))
  })
})
