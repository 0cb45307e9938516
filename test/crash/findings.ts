/**
 * Compares what carriers and people have with what servers have stored, after a
 * run with faults. A problem is what no fault excuses.
 */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import * as Content from "../../src/Content.ts"
import { DeliveryStore } from "../../src/delivery/DeliveryStore.ts"
import type { ExchangeView, MessageView } from "../../src/emulator/EmulatorApi.ts"
import { Inbox } from "../../src/inbox/Inbox.ts"
import { RoomStore } from "../../src/rooms/RoomStore.ts"
import { type Intent, IntentStore } from "../../src/sending/IntentStore.ts"
import { type Carrier, carrierOf, personOf, questionOf, type Run, textOf } from "./faulty.ts"

const groupBy = <A>(all: Iterable<A>, keyOf: (one: A) => string): Map<string, Array<A>> => {
  const groups = new Map<string, Array<A>>()
  for (const one of all) {
    const key = keyOf(one)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [one])
    else group.push(one)
  }
  return groups
}

/** Counts how often the rooms have each text. */
const readRooms = Effect.gen(function*() {
  const rooms = yield* RoomStore
  const counts = new Map<string, number>()
  for (const { id } of yield* rooms.rooms({ limit: 10_000 })) {
    for (const { event } of (yield* rooms.history(id, { limit: 500 })) ?? []) {
      const text = Content.text(event.content)
      counts.set(text, (counts.get(text) ?? 0) + 1)
    }
  }
  return counts
})

const readIntents = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const store = yield* IntentStore
  const rows = yield* sql<{ id: string }>`SELECT id FROM sms_intents`
  const intents = yield* Effect.forEach(rows, ({ id }) => store.get(id))
  return groupBy(intents.flatMap((intent) => intent ?? []), ({ message }) => Content.text(message.content))
})

const idsOf = ({ found = [], receipt }: Intent): ReadonlyArray<string> => [
  ...(receipt?.messageIds ?? []),
  ...found.map(({ messageId }) => messageId)
]

/** These carriers can be asked for a message that they may have. */
const canBeAsked: ReadonlySet<Carrier> = new Set(["twilio", "sinch"])

/** The state that the server must know in the end. VoiceMeUp tells none. */
const expectedStatus = (carrier: Carrier, { state }: MessageView): string =>
  carrier === "voicemeup" ? "unconfirmed" : state

/** Returns whether two texts differ in one character, which a fault has changed. */
const isAltered = (one: string, other: string): boolean =>
  one.length === other.length && [...one].filter((character, index) => character !== other[index]).length === 1

/** Returns why a webhook of a received message counts as not taken. */
const reasonOf = ({ faults, problem, status }: ExchangeView): string =>
  problem ?? [status, ...faults.filter((fault) => ["corrupt", "wrongSignature", "clockSkew"].includes(fault))].join(" ")

export const findings = Effect.fnUntraced(function*(run: Run) {
  const { asked, decided, exchanges, messages, received, sent } = run
  const intents = yield* readIntents
  const rooms = yield* readRooms
  const deliveries = yield* DeliveryStore
  const problems: Array<string> = []
  const counts = new Map<string, number>()
  const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1)

  /** What the carriers took, by text. */
  const outbound = groupBy(messages.filter(({ direction }) => direction === "outbound"), ({ text }) => text)
  const checkSent = Effect.fnUntraced(function*(index: number) {
    const [carrier, text] = [carrierOf(index), textOf(index)]
    const taken = outbound.get(text) ?? []
    const own = intents.get(text) ?? []
    const isDecided = own.some(({ id }) => decided.givenUp.has(id) || decided.resent.has(id))
    const problem = (what: string) =>
      problems.push(`${carrier} ${text} ${what}: ${
        JSON.stringify({
          taken: taken.map(({ id, state }) => [id, state]),
          intents: own.map((
            one
          ) => [one.id, one.state, one.resolvedBy, one.error?.reason._tag, idsOf(one), one.asked, one.times.unknown])
        })
      }`)

    const got = received.get(personOf(index))!.filter((one) => one.text === text).length
    if (got !== taken.filter(({ state }) => state === "delivered").length) problem("was not received as delivered")
    if (got > 1) problem("was received twice")
    if (taken.length > 1 && !isDecided) problem("was sent twice")
    if (own.some(({ state }) => state === "queued" || state === "sending")) problem("is still queued")

    const known = new Set(own.flatMap(idsOf))
    const missing = new Set(taken.map(({ id }) => id).filter((id) => !known.has(id)))
    for (const id of known) {
      const message = taken.find((one) => one.id === id)
      if (message === undefined) {
        const original = taken.find((one) => isAltered(one.id, id))
        if (original === undefined) problem("has an id that its carrier does not have")
        else {
          // What names a message in an answer has no check sum.
          count("sent: the id was altered on its way")
          missing.delete(original.id)
        }
        continue
      }
      const [delivery] = yield* deliveries.ofMessage({ provider: carrier, messageId: id, recipient: message.to })
      if (delivery?.status !== expectedStatus(carrier, message)) problem(`is ${delivery?.status}`)
      count(`sent: ${message.state}`)
    }
    for (const _ of missing) {
      // What an operator sent again may be decided about before its carrier was asked.
      if (isDecided && (!canBeAsked.has(carrier) || own.length > 1)) count("sent: decided by an operator")
      else problem("is not known as sent")
    }
    if (taken.length > 0) return
    if (own.some(({ state }) => state === "accepted" || state === "unknown")) problem("was not sent")
    else count("sent: refused")
  })
  yield* Effect.forEach(Array.from({ length: sent }), (_, index) => checkSent(index), { discard: true })

  const webhooks = exchanges.filter(({ direction, operation }) => direction === "webhook" && operation === "inbound")
  const inbound = groupBy(messages.filter(({ direction }) => direction === "inbound"), ({ text }) => text)
  const checkReceived = (index: number) => {
    const text = questionOf(index)
    const carrier = carrierOf(index)
    const [message] = inbound.get(text)!
    // No fault changes both.
    const spellings = [message!.id, `"${text}"`, `Body=${text.replace(" ", "+")}&`]
    const own = webhooks.filter(({ requestBody }) => spellings.some((spelling) => requestBody.includes(spelling)))
    const inRooms = rooms.get(text) ?? 0
    const taken = own.filter(({ status }) => status === 200)
    // Nothing signs what VoiceMeUp posts, so that a fault can also change the id by which it is recognized.
    const isAltered = carrier === "voicemeup" && taken.some(({ faults }) => faults.includes("corrupt"))
    if (inRooms === 1) count("received")
    else if (isAltered) count(`received: ${inRooms} times, altered on its way`)
    else if (inRooms > 1) problems.push(`${carrier} ${text} is in rooms ${inRooms} times: ${own.map(reasonOf)}`)
    else if (own.length === 0) problems.push(`${carrier} ${text} was never posted`)
    else if (taken.length === 0) count(`not received: ${carrier} gave up, ${reasonOf(own.at(-1)!)}`)
    else problems.push(`${carrier} ${text} was acknowledged, and is in no room: ${own.map(reasonOf)}`)
  }
  for (let index = 0; index < asked; index++) checkReceived(index)

  const { dead, pending } = yield* (yield* Inbox).backlog()
  return { problems, counts: Object.fromEntries([...counts].sort()), dead, pending }
})
