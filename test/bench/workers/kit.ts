/** A kit with so many hooks, of which one wants the event. */
import type { Address } from "effect-sms/Address"
import { TextContent } from "effect-sms/Content"
import { InboundMessage } from "effect-sms/Message"
import * as NodeCrypto from "effect-sms/NodeCrypto"
import { Hook, RoomKit } from "effect-sms/rooms"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { batches } from "../harness/calls.ts"
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

const built = <A extends object>(prototype: A, fields: Partial<A>): A => Object.assign(Object.create(prototype), fields)

/** From so many people, so in as many rooms. As a decoder makes it, without validating it again. */
const message = (i: number, rooms: number): InboundMessage => {
  const id = text(`SM${i}`)
  return built(InboundMessage.prototype, {
    _tag: "InboundMessage",
    provider: "twilio",
    channelId: "sms-twilio",
    externalId: id,
    idempotencyKey: id,
    sender: text(`+1650${5550000 + i % rooms}`) as Address,
    recipient: text("+16505550100") as Address,
    content: built(TextContent.prototype, { _tag: "TextContent", text: text("Hello: is my order on its way?") }),
    metadata: {},
    raw: {}
  })
}

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
  const events = batches(setting, (i) => message(i, rooms), (messages) => {
    const results = Effect.runSync(Effect.forEach(messages, kit.processInbound))
    if (results.some(({ _tag }) => _tag !== "Broadcast")) throw new Error("A message was not broadcast")
    return results
  }, { run: 200, warmUp: 2500 })
  return { contenders: { [name]: events }, tearDown: () => Effect.runPromise(Scope.close(scope, Exit.void)) }
}
