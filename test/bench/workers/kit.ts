/** A kit with so many hooks, of which one wants the event. */
import { Address } from "effect-sms/Address"
import { TextContent } from "effect-sms/Content"
import { InboundMessage } from "effect-sms/Message"
import * as NodeCrypto from "effect-sms/NodeCrypto"
import { Hook, RoomKit } from "effect-sms/rooms"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { callsOn } from "../harness/calls.ts"
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

/** A text of its own, as one that was read from a request. */
const text = (text: string): string => Buffer.from(text).toString("latin1")

/** From so many people, so in as many rooms. As a decoder makes it, without validating it again. */
const message = (i: number, rooms: number): InboundMessage =>
  Object.assign(Object.create(InboundMessage.prototype), {
    _tag: "InboundMessage",
    provider: "twilio",
    channelId: "sms-twilio",
    externalId: text(`SM${i}`),
    idempotencyKey: text(`SM${i}`),
    sender: Address.make(text(`+1650${5550000 + i % rooms}`)),
    recipient: Address.make(text("+16505550100")),
    content: new TextContent({ text: text("Hello: is my order on its way?") }),
    metadata: {},
    raw: {}
  })

export interface Task {
  readonly name: string
  readonly hooks: number
  readonly rooms: number
  readonly setting: Setting
}

const kitWith = Effect.fnUntraced(function*(hooks: number) {
  const kit = yield* RoomKit.make()
  for (const hook of hooks === 0 ? [] : [...others(hooks - 1), matching]) yield* kit.hook(hook)
  return kit
})

export const prepare: Module<Task>["prepare"] = async ({ hooks, name, rooms, setting }) => {
  const scope = Scope.makeUnsafe()
  const kit = await Effect.runPromise(kitWith(hooks).pipe(Effect.provide(NodeCrypto.layer), Scope.provide(scope)))
  const events = callsOn(setting, (i) => message(i, rooms), (message) => {
    const result = Effect.runSync(kit.processInbound(message))
    if (result._tag !== "Broadcast") throw new Error(`The message was not broadcast: ${result._tag}`)
    return result
  }, { run: 200, warmUp: 2500 })
  return { contenders: { [name]: events }, tearDown: () => Effect.runPromise(Scope.close(scope, Exit.void)) }
}
