/**
 * The kit: room events through no, one, ten and a hundred hooks, of which one
 * wants the event.
 */
import { Address } from "effect-sms/Address"
import { TextContent } from "effect-sms/Content"
import { InboundMessage } from "effect-sms/Message"
import * as NodeCrypto from "effect-sms/NodeCrypto"
import { Hook, RoomKit } from "effect-sms/rooms"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { asyncCalls } from "../harness/calls.ts"
import type { Contender, Measure, Setting } from "../harness/Measure.ts"

const matching = Hook.beforeBroadcast({
  name: "matching",
  directions: ["inbound"],
  run: () => Effect.succeed(Hook.allow)
})

/** Half of them are for other channels, half for other rooms. */
const others = (count: number) =>
  Array.from({ length: count }, (_, i) =>
    Hook.beforeBroadcast({
      name: `other ${i}`,
      ...(i % 2 === 0 ? { channelIds: [`channel-${i}`] } : { roomId: `room-${i}` }),
      run: () => Effect.die("This hook wants no event")
    }))

/** From a hundred people, so in a hundred rooms. */
const message = (i: number) =>
  new InboundMessage({
    provider: "twilio",
    channelId: "sms-twilio",
    externalId: `SM${i}`,
    idempotencyKey: `SM${i}`,
    sender: Address.make(`+1650555${1000 + i % 100}`),
    recipient: Address.make("+16505550100"),
    content: new TextContent({ text: "Hello: is my order on its way?" }),
    metadata: {},
    raw: {}
  })

const kitWith = async (scope: Scope.Scope, hooks: ReadonlyArray<Hook.Hook>): Promise<RoomKit.Service> =>
  Effect.runPromise(
    Effect.gen(function*() {
      const kit = yield* RoomKit.make()
      for (const hook of hooks) yield* kit.hook(hook)
      return kit
    }).pipe(Effect.provide(NodeCrypto.layer), Scope.provide(scope))
  )

const events = (setting: Setting, kit: RoomKit.Service): Contender =>
  asyncCalls(setting, async (i) => {
    const result = await Effect.runPromise(kit.processInbound(message(i)))
    if (result._tag !== "Broadcast") throw new Error(`The message was not broadcast: ${result._tag}`)
    return result
  })

const row = (name: string, ours: string, theirs: string, aim?: number) => ({
  name,
  metric: "calls",
  ours,
  theirs,
  aim
})

export const measure: Measure = {
  title: "Kit",
  metrics: { calls: { unit: "room events/s", better: "more", digits: 0 } },
  rows: [
    row("one hook, against none", "1 hook", "no hook"),
    row("ten hooks of which one matches, against that one", "10 hooks", "1 hook", 0.9),
    row("a hundred of which one matches, against that one", "100 hooks", "1 hook", 0.9)
  ],
  rounds: ({ quick }) => quick ? 9 : 41,
  prepare: async (setting) => {
    const scope = Scope.makeUnsafe()
    const contenders: Record<string, Contender> = {
      "no hook": events(setting, await kitWith(scope, [])),
      "1 hook": events(setting, await kitWith(scope, [matching])),
      "10 hooks": events(setting, await kitWith(scope, [...others(9), matching])),
      "100 hooks": events(setting, await kitWith(scope, [...others(99), matching]))
    }
    return { contenders, tearDown: () => Effect.runPromise(Scope.close(scope, Exit.void)) }
  }
}
