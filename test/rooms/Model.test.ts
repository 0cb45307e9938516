import { assert, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import * as fc from "fast-check"
import { Address } from "../../src/Address.ts"
import type { RoomEvent } from "../../src/RoomEvent.ts"
import * as Channel from "../../src/rooms/Channel.ts"
import * as Hook from "../../src/rooms/Hook.ts"
import type { ProcessResult } from "../../src/rooms/ProcessResult.ts"
import type { Service } from "../../src/rooms/RoomKit.ts"
import { makeKit, message, said, textContent, textOf } from "./kit.ts"

const maxRooms = 3
const channelIds = ["sms", "web", "ai"]
const senders = ["+15145550142", "+15145550143"]
const recipients = ["+15145550100", "+15145550101"]

interface ModelRoom {
  /** Unknown until the kit made one up. */
  id: string | undefined
  readonly attachments: Array<string>
  readonly events: Array<string>
}

interface ModelChannel {
  readonly id: string
  readonly everyRoom: boolean
  readonly expected: Array<string>
  readonly received: Array<string>
  readonly scope: Scope.Closeable
}

interface ModelHook {
  readonly mark: string
  readonly priority: number
  readonly channelId: string | undefined
  readonly roomId: string | undefined
  readonly blocks: boolean
  readonly scope: Scope.Closeable
}

/** Who should have received what, said as simply as possible. */
class Model {
  /** The least recently active first. */
  rooms: Array<ModelRoom> = []
  channels: Array<ModelChannel> = []
  hooks: Array<ModelHook> = []
  readonly routes = new Map<string, ModelRoom>()
  readonly seen = new Set<string>()
  count = 0

  static key(channelId: string, recipient?: string, participant?: string) {
    return `${channelId} ${recipient ?? "any"} ${participant ?? "any"}`
  }

  registered(id: string): ModelChannel | undefined {
    return this.channels.findLast((channel) => channel.id === id)
  }

  room(nth: number): ModelRoom | undefined {
    return this.rooms[nth % Math.max(1, this.rooms.length)]
  }

  create(id: string | undefined): ModelRoom {
    while (this.rooms.length >= maxRooms) {
      const oldest = this.rooms.shift()
      for (const [key, room] of this.routes) if (room === oldest) this.routes.delete(key)
    }
    const everyRoom = channelIds.filter((id) => this.registered(id)?.everyRoom === true)
    const room: ModelRoom = { id, attachments: everyRoom.map((id) => Model.key(id)), events: [] }
    this.rooms.push(room)
    return room
  }

  attach(room: ModelRoom, key: string) {
    if (!room.attachments.includes(key)) room.attachments.push(key)
    this.routes.set(key, room)
  }

  detach(room: ModelRoom, key: string) {
    const at = room.attachments.indexOf(key)
    if (at < 0) return
    room.attachments.splice(at, 1)
    if (this.routes.get(key) === room) this.routes.delete(key)
  }

  route(channelId: string, recipient: string, sender: string): ModelRoom {
    const keys = [[recipient, sender], [undefined, sender], [recipient, undefined], []] as const
    for (const [recipient, participant] of keys) {
      const room = this.routes.get(Model.key(channelId, recipient, participant))
      if (room !== undefined) return room
    }
    const room = this.create(undefined)
    this.attach(room, Model.key(channelId, recipient, sender))
    return room
  }

  /** Passes an event through a room, and gives the ids of the channels that get it, or nothing when it is blocked. */
  pass(room: ModelRoom, channelId: string, text: string): ReadonlyArray<string> | undefined {
    this.rooms = [...this.rooms.filter((other) => other !== room), room]
    const hooks = this.hooks
      .filter((hook) => (hook.channelId ?? channelId) === channelId && (hook.roomId ?? room.id) === room.id)
      .sort((a, b) => a.priority - b.priority)
    for (const { blocks, mark } of hooks) {
      if (blocks) return void room.events.push(text)
      text += mark
    }
    room.events.push(text)
    const others = new Set(room.attachments.map((key) => key.split(" ", 1)[0]!).filter((id) => id !== channelId))
    const reached = [...others].flatMap((id) => this.registered(id) ?? [])
    for (const channel of reached) channel.expected.push(text)
    return reached.map(({ id }) => id)
  }
}

interface Real {
  readonly kit: Service
  readonly run: (effect: Effect.Effect<void, unknown>) => Promise<void>
}

const command = (
  name: string,
  run: (model: Model, kit: Service) => Effect.Effect<void, unknown>
): fc.AsyncCommand<Model, Real> => ({
  check: () => true,
  run: (model, real) => real.run(Effect.andThen(run(model, real.kit), checkEverything(model, real.kit))),
  toString: () => name
})

const checkEverything = Effect.fnUntraced(function*(model: Model, kit: Service) {
  for (const { expected, id, received } of model.channels) assert.deepStrictEqual(received, expected, id)
  const rooms = (yield* kit.rooms).toReversed()
  assert.deepStrictEqual(
    rooms.map(({ attachments, id }) => ({
      id,
      attachments: attachments.map((a) => Model.key(a.channelId, a.recipient, a.participant)).sort()
    })),
    model.rooms.map(({ attachments, id }) => ({ id, attachments: attachments.toSorted() }))
  )
  for (const { events, id } of model.rooms) assert.deepStrictEqual((yield* kit.events(id!)).map(textOf), events)
})

const checkResult = (result: ProcessResult, room: ModelRoom, reached: ReadonlyArray<string> | undefined) => {
  if (reached === undefined) {
    assert(result._tag === "Blocked")
    room.id ??= result.event.roomId
    return assert.strictEqual(result.event.roomId, room.id)
  }
  assert(result._tag === "Broadcast")
  room.id ??= result.event.roomId
  assert.strictEqual(result.event.roomId, room.id)
  assert.deepStrictEqual(result.deliveries.map(({ channelId }) => channelId).sort(), reached.toSorted())
}

const register = (id: string, everyRoom: boolean) =>
  command(`register ${id}${everyRoom ? " for every room" : ""}`, (model, kit) =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const received: Array<string> = []
      const deliver = (event: RoomEvent) =>
        Effect.andThen(Effect.yieldNow, Effect.sync(() => void received.push(textOf(event))))
      yield* Scope.provide(kit.registerChannel(Channel.make({ id, type: "web", everyRoom, deliver })), scope)
      model.channels.push({ id, everyRoom, expected: [], received, scope })
    }))

const unregister = (nth: number) =>
  command(`unregister ${nth}`, (model) =>
    Effect.suspend(() => {
      const [channel] = model.channels.splice(nth % Math.max(1, model.channels.length), 1)
      return channel === undefined ? Effect.void : Scope.close(channel.scope, Exit.void)
    }))

const create = (id: string) =>
  command(`create ${id}`, (model, kit) =>
    Effect.map(kit.createRoom({ id }), () => {
      if (!model.rooms.some((room) => room.id === id)) model.create(id)
    }))

const attachment = (channelId: string, recipient: string | undefined, participant: string | undefined) => ({
  channelId,
  ...(recipient !== undefined && { recipient: Address.make(recipient) }),
  ...(participant !== undefined && { participant: Address.make(participant) })
})

const attachOrDetach = (
  what: "attach" | "detach",
  nth: number,
  channelId: string,
  recipient: string | undefined,
  participant: string | undefined
) =>
  command(`${what} ${Model.key(channelId, recipient, participant)} at room ${nth}`, (model, kit) => {
    const room = model.room(nth)
    if (room === undefined) return Effect.void
    model[what](room, Model.key(channelId, recipient, participant))
    return kit[what === "attach" ? "attachChannel" : "detachChannel"](
      room.id!,
      attachment(channelId, recipient, participant)
    )
  })

const inbound = (channelId: string, recipient: string, sender: string, idempotencyKey: string | undefined) =>
  command(
    `receive ${idempotencyKey ?? "a new message"} on ${Model.key(channelId, recipient, sender)}`,
    (model, kit) =>
      Effect.gen(function*() {
        const text = String(model.count++)
        const result = yield* kit.processInbound(message(text, {
          channelId,
          recipient,
          sender,
          ...(idempotencyKey !== undefined && { idempotencyKey })
        }))
        const key = `${channelId} ${idempotencyKey}`
        if (idempotencyKey !== undefined && model.seen.has(key)) return assert.strictEqual(result._tag, "Repeated")
        if (idempotencyKey !== undefined) model.seen.add(key)
        const room = model.route(channelId, recipient, sender)
        checkResult(result, room, model.pass(room, channelId, text))
      })
  )

const post = (nth: number, channelId: string) =>
  command(`post from ${channelId} in room ${nth}`, (model, kit) =>
    Effect.gen(function*() {
      const room = model.room(nth)
      if (room === undefined) return
      const text = String(model.count++)
      checkResult(yield* kit.post(room.id!, said(text, channelId)), room, model.pass(room, channelId, text))
    }))

const addHook = (priority: number, channelId: string | undefined, nth: number | undefined, blocks: boolean) =>
  command(
    `hook ${blocks ? "blocks" : "marks"} ${channelId ?? "all"} in room ${nth ?? "all"}, priority ${priority}`,
    (model, kit) =>
      Effect.gen(function*() {
        const roomId = nth === undefined ? undefined : model.room(nth)?.id
        const scope = yield* Scope.make()
        const mark = `.${model.count++}`
        yield* Scope.provide(
          kit.hook(Hook.beforeBroadcast({
            name: mark,
            priority,
            ...(channelId !== undefined && { channelIds: [channelId] }),
            ...(roomId !== undefined && { roomId }),
            run: (event) =>
              Effect.succeed(
                blocks ? Hook.block("blocked") : Hook.modify(event.withContent(textContent(textOf(event) + mark)))
              )
          })),
          scope
        )
        model.hooks.push({ mark, priority, channelId, roomId, blocks, scope })
      })
  )

const removeHook = (nth: number) =>
  command(`remove hook ${nth}`, (model) =>
    Effect.suspend(() => {
      const [hook] = model.hooks.splice(nth % Math.max(1, model.hooks.length), 1)
      return hook === undefined ? Effect.void : Scope.close(hook.scope, Exit.void)
    }))

const channelId = fc.constantFrom(...channelIds)
const recipient = fc.constantFrom(...recipients)
const sender = fc.constantFrom(...senders)
const optional = <A>(arbitrary: fc.Arbitrary<A>) => fc.option(arbitrary, { nil: undefined, freq: 2 })
const nth = fc.nat({ max: 5 })
const received = fc.tuple(channelId, recipient, sender, optional(fc.constantFrom("SM1", "SM2", "SM3")))
  .map((args) => inbound(...args))

const commands = fc.commands([
  fc.tuple(channelId, fc.boolean()).map((args) => register(...args)),
  nth.map(unregister),
  fc.constantFrom("a", "b", "c", "d").map(create),
  fc.tuple(fc.constant("attach" as const), nth, channelId, optional(recipient), optional(sender))
    .map((args) => attachOrDetach(...args)),
  fc.tuple(fc.constant("detach" as const), nth, channelId, optional(recipient), optional(sender))
    .map((args) => attachOrDetach(...args)),
  received,
  received,
  fc.tuple(nth, channelId).map((args) => post(...args)),
  fc.tuple(fc.constantFrom(-1, 0, 1), optional(channelId), optional(nth), fc.boolean())
    .map((args) => addHook(...args)),
  nth.map(removeHook)
], { maxCommands: 60, size: "max" })

it.effect("in any sequence of calls, the kit does what a simple model of it does", () =>
  Effect.gen(function*() {
    const run = Effect.runPromiseWith(yield* Effect.context<never>())
    const property = fc.asyncProperty(commands, (commands) =>
      run(Effect.scoped(Effect.gen(function*() {
        const real = { kit: yield* makeKit({ maxRooms }), run }
        yield* Effect.promise(() => fc.asyncModelRun(() => ({ model: new Model(), real }), commands))
      }))))
    yield* Effect.promise(() => fc.assert(property, { numRuns: 300 }))
  }), 30_000)
