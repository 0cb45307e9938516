/** A kit with so many hooks, of which one wants the event. */
import { Address } from "effect-sms/Address"
import { TextContent } from "effect-sms/Content"
import { InboundMessage } from "effect-sms/Message"
import * as NodeCrypto from "effect-sms/NodeCrypto"
import { Hook, RoomKit } from "effect-sms/rooms"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { asyncCalls } from "../harness/calls.ts"
import type { Setting } from "../harness/Measure.ts"
import type { Module } from "../harness/thread.ts"

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

export interface Task {
  readonly name: string
  readonly hooks: number
  readonly setting: Setting
}

const kitWith = Effect.fnUntraced(function*(hooks: number) {
  const kit = yield* RoomKit.make()
  for (const hook of hooks === 0 ? [] : [...others(hooks - 1), matching]) yield* kit.hook(hook)
  return kit
})

export const prepare: Module<Task>["prepare"] = async ({ hooks, name, setting }) => {
  const scope = Scope.makeUnsafe()
  const kit = await Effect.runPromise(kitWith(hooks).pipe(Effect.provide(NodeCrypto.layer), Scope.provide(scope)))
  const events = asyncCalls(setting, async (i) => {
    const result = await Effect.runPromise(kit.processInbound(message(i)))
    if (result._tag !== "Broadcast") throw new Error(`The message was not broadcast: ${result._tag}`)
    return result
  }, { run: 200, warmUp: 2500 })
  return { contenders: { [name]: events }, tearDown: () => Effect.runPromise(Scope.close(scope, Exit.void)) }
}
