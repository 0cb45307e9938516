/**
 * What the tests of the kit share: messages, channels that keep what they get,
 * and readers of what happens inside.
 */
import { NodeCrypto } from "@effect/platform-node"
import { Effect, Exit, Scope, Stream } from "effect"
import { Address } from "../../src/Address.ts"
import * as Content from "../../src/Content.ts"
import { DeliveryStatus, type Status } from "../../src/DeliveryStatus.ts"
import { InboundMessage } from "../../src/Message.ts"
import type { RoomEvent } from "../../src/RoomEvent.ts"
import * as Channel from "../../src/rooms/Channel.ts"
import type { KitEvent } from "../../src/rooms/KitEvent.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"

export const customer = Address.make("+15145550142")
export const ours = Address.make("+15145550100")

export const textContent = (text: string) => new Content.TextContent({ text })

export interface MessageParts {
  readonly channelId?: string
  readonly idempotencyKey?: string
  readonly sender?: string
  readonly senderAliases?: ReadonlyArray<string>
  readonly recipient?: string
  readonly participants?: ReadonlyArray<string>
  readonly content?: Content.Content
}

/** A message. Without an idempotency key it counts as new each time. */
export const message = (text: string, parts: MessageParts = {}): InboundMessage =>
  new InboundMessage({
    provider: "twilio",
    channelId: parts.channelId ?? "sms",
    ...(parts.idempotencyKey !== undefined &&
      { idempotencyKey: parts.idempotencyKey, externalId: parts.idempotencyKey }),
    sender: Address.make(parts.sender ?? customer),
    ...(parts.senderAliases !== undefined &&
      { senderAliases: parts.senderAliases.map((alias) => Address.make(alias)) }),
    recipient: Address.make(parts.recipient ?? ours),
    ...(parts.participants !== undefined &&
      { participants: parts.participants.map((each) => Address.make(each)) }),
    content: parts.content ?? textContent(text),
    metadata: {},
    raw: { Body: text }
  })

export const status = (messageId: string, word: Status = "delivered"): DeliveryStatus =>
  new DeliveryStatus({
    provider: "twilio",
    messageId,
    status: word,
    carrierStatus: word,
    recipient: customer,
    idempotencyKey: `${messageId}:${word}`,
    raw: {}
  })

/** A kit for as long as the scope is open. */
export const makeKit = (options?: RoomKit.Options) => Effect.provide(RoomKit.make(options), NodeCrypto.layer)

export const textOf = ({ content }: RoomEvent): string => Content.text(content)

/** What a channel of the application says. */
export const said = (text: string, channelId = "web") => ({
  channelId,
  channelType: "web" as const,
  content: textContent(text)
})

/** A channel of every room that keeps the texts it gets. */
export const recording = (id: string, options: Partial<Channel.Channel> = {}) => {
  const texts: Array<string> = []
  const channel: Channel.Channel = Channel.make<unknown>({
    id,
    type: "web",
    everyRoom: true,
    deliver: (event) => Effect.sync(() => void texts.push(textOf(event))),
    ...options
  })
  return { channel, texts }
}

/** Lets every fiber go on that can. */
export const settle = Effect.repeat(Effect.yieldNow, { times: 50 })

/** Collects what happens inside the kit from now on. */
export const watch = Effect.fnUntraced(function*(kit: RoomKit.Service) {
  const seen: Array<KitEvent> = []
  yield* kit.changes.pipe(
    Stream.runForEach((event) => Effect.sync(() => void seen.push(event))),
    Effect.forkScoped({ startImmediately: true })
  )
  return <Tag extends KitEvent["_tag"]>(tag: Tag) =>
    Effect.as(settle, seen).pipe(
      Effect.map((events) =>
        events.filter((event): event is Extract<KitEvent, { readonly _tag: Tag }> => event._tag === tag)
      )
    )
})

/** Registers something in a scope of its own, and gives the end of that scope. */
export const registerUntil = Effect.fnUntraced(function*<R>(registration: Effect.Effect<void, never, R>) {
  const scope = yield* Scope.make()
  yield* Effect.provideService(registration, Scope.Scope, scope)
  return Scope.close(scope, Exit.void)
})

/** Starts it, as far as it gets without waiting. */
export const fork = Effect.forkChild({ startImmediately: true })

/** The texts in the history of the only room. */
export const history = Effect.fnUntraced(function*(kit: RoomKit.Service) {
  const rooms = yield* kit.rooms
  const events = yield* Effect.forEach(rooms, ({ id }) => kit.events(id))
  return events.flat().map(textOf)
})
