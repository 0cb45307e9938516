import { assert, describe, it } from "@effect/vitest"
import { Exchanges } from "../../src/emulator/internal/exchanges.ts"
import { Files } from "../../src/emulator/internal/files.ts"
import { People } from "../../src/emulator/internal/people.ts"
import type { Post } from "../../src/emulator/internal/postQueue.ts"
import { RecordKinds } from "../../src/emulator/internal/records.ts"
import { Simulation } from "../../src/emulator/internal/simulation.ts"
import * as Snapshot from "../../src/emulator/internal/snapshot.ts"
import * as Emulation from "../../src/provider/Emulation.ts"

const number = "+15145550100"
const person = (index: number) => `+1650${5_000_000 + index}`
const hour = 3_600_000

/** A network with one carrier, which reports every state and posts a webhook again an hour later. */
const setUp = (options: { readonly maxMessages: number }) => {
  const lost: Array<Post> = []
  let now = 0
  let ids = 0
  const simulation = new Simulation({ seed: "bounds", clock: () => now, maxPeople: 100, pace: 1, ...options })
  const account = simulation.open("acme", [number])
  const network = simulation.networkOf(account)
  const webhook = (kind: "status" | "inbound", message: Emulation.Message): Emulation.Webhook => ({
    kind,
    method: "POST",
    url: "http://127.0.0.1:3000/",
    headers: {},
    body: message.text,
    messageId: message.id,
    number: message.to
  })
  account.dialect = {
    env: {},
    call: ({ path }) => Emulation.notEmulated(path),
    refuse: () => Emulation.json(500, {}),
    inboundId: () => `in ${ids++}`,
    codeOf: (reason) => reason,
    report: (message) => webhook("status", message),
    inbound: (message) => [{ webhook: webhook("inbound", message), after: 0 }],
    sign: () => ({}),
    timeout: () => 1000,
    retry: () => ({ after: hour })
  }
  simulation.onLost = (post) => lost.push(post)
  const accept = (draft: Partial<Emulation.Draft> = {}) =>
    network.accept({ id: `out ${ids}`, from: number, to: person(ids++), text: "Hello", segments: 1, ...draft })
  const take = (): number => {
    let taken = 0
    while (simulation.takePost() !== undefined) taken++
    return taken
  }
  /** Lets everything happen until a time, and returns how many webhooks were taken. */
  const until = (time: number): number => {
    let taken = take()
    for (let { due } = simulation.schedule; due !== undefined && due <= time; { due } = simulation.schedule) {
      now = due
      simulation.run(1000)
      taken += take()
    }
    now = time
    return taken
  }
  return { accept, account, lost, network, simulation, until }
}

describe("a simulation", () => {
  it("keeps the latest messages, and forgets the oldest", () => {
    const { accept, account, network, until } = setUp({ maxMessages: 10 })
    const ids = Array.from({ length: 30 }, (_, index) => {
      until(index * hour)
      return accept().id
    })
    assert.deepStrictEqual([...network.messages()].map(({ id }) => id), ids.slice(-10).reverse())
    assert.strictEqual(account.messages.size, 10)
  })

  it("keeps fewer messages of many bytes", () => {
    const { accept, account, until } = setUp({ maxMessages: 100 })
    for (let index = 0; index < 300; index++) {
      until(index * hour)
      accept({ urls: [`https://media.example.com/${"x".repeat(20_000)}`] })
    }
    assert.isBelow(account.messages.size, 11)
    assert.isAbove(account.messages.size, 5)
  })

  it("keeps a message until it has ended, beyond the number that it keeps", () => {
    const { accept, account, until } = setUp({ maxMessages: 10 })
    for (let index = 0; index < 30; index++) accept()
    assert.strictEqual(account.messages.size, 30)
    // Each is sending, sent and delivered: no report is missing.
    assert.strictEqual(until(hour), 30 * 3)
    assert.strictEqual(account.messages.size, 10)
  })

  it("refuses more when too many messages are on their way", () => {
    const { accept, simulation, until } = setUp({ maxMessages: 10 })
    for (let index = 0; index < 20_010; index++) accept()
    assert.isFalse(simulation.isFull)
    accept()
    assert.isTrue(simulation.isFull)
    until(hour)
    assert.isFalse(simulation.isFull)
  })

  it("drops the steps of scheduled messages that it has forgotten, and of canceled ones", () => {
    const { accept, network, simulation, until } = setUp({ maxMessages: 100 })
    for (let index = 0; index < 10_000; index++) {
      const message = accept({ state: "scheduled", sendAt: 1000 * hour })
      if (index % 2 === 0) network.change(message, "canceled")
      until(index)
    }
    assert.isBelow(simulation.schedule.size, 2200)
    until(1001 * hour)
    const delivered = [...network.messages()].filter(({ state }) => state === "delivered")
    assert.strictEqual(delivered.length, 50)
  })

  it("posts no more again than fit, and tells of those that are lost", () => {
    const { lost, simulation } = setUp({ maxMessages: 10 })
    for (let index = 0; index < 60_000; index++) {
      simulation.text({ from: person(index), to: number, text: "Hello" })
      const post = simulation.takePost()
      if (post !== undefined) simulation.posted(post, { _tag: "Unreachable" })
    }
    assert.strictEqual(simulation.schedule.size, 50_000)
    assert.strictEqual(lost.length, 10_000)
    simulation.reset()
    simulation.text({ from: person(0), to: number, text: "Hello" })
    assert.strictEqual(simulation.posts.size, 1)
  })

  it("counts the bytes of what is to be posted, also after a snapshot", () => {
    const { lost, simulation } = setUp({ maxMessages: 10 })
    const text = "x".repeat(1_000_000)
    for (let index = 0; index < 30; index++) simulation.text({ from: person(index), to: number, text })
    assert.strictEqual(simulation.posts.size, 24)
    assert.strictEqual(lost.length, 6)
    Snapshot.restore(simulation, Snapshot.save(simulation))
    simulation.text({ from: person(0), to: number, text })
    assert.strictEqual(simulation.posts.size, 24)
    simulation.takePost()
    simulation.text({ from: person(0), to: number, text })
    assert.strictEqual(simulation.posts.size, 24)
  })
})

it("people have their last 50 messages, and fewer of many bytes", () => {
  const people = new People(10)
  const deliver = (to: string, text: string, count: number) => {
    for (let at = 0; at < count; at++) people.deliver(to, { carrier: "acme", from: number, text, urls: [], at })
  }
  deliver(person(0), "Hello", 60)
  assert.deepStrictEqual(people.inbox(person(0)).map(({ at }) => at), Array.from({ length: 50 }, (_, at) => at + 10))
  for (let index = 1; index < 20; index++) deliver(person(index), "Hello", 1)
  assert.lengthOf(people.inbox(person(9)), 0)
  assert.lengthOf(people.inbox(person(10)), 1)
  for (let index = 20; index < 29; index++) deliver(person(index), "x".repeat(5000), 1)
  assert.lengthOf(people.inbox(person(24)), 0)
  assert.lengthOf(people.inbox(person(25)), 1)
})

it("the log has the latest exchanges, and fewer of many bytes", () => {
  const exchanges = new Exchanges(10)
  const add = (requestBody: string | Uint8Array) =>
    exchanges.add({
      at: 0,
      carrier: "acme",
      direction: "request",
      operation: "send",
      method: "POST",
      url: "/acme/send",
      requestHeaders: {},
      requestBody,
      faults: [],
      warnings: []
    })
  const ids = () => Array.from(exchanges.oldestFirst(), ({ id }) => id)
  for (let index = 0; index < 15; index++) add("Hello")
  assert.deepStrictEqual(ids(), [6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
  add("x".repeat(100_000))
  assert.deepStrictEqual(ids(), [7, 8, 9, 10, 11, 12, 13, 14, 15, 16])
  add(new Uint8Array(200_000))
  assert.deepStrictEqual(ids(), [17])
  add("Hello")
  assert.deepStrictEqual(ids(), [17, 18])
  // The latest one is there, whatever it takes.
  add(new Uint8Array(1_000_000))
  assert.deepStrictEqual(ids(), [19])
})

it("a dialect has the latest records of each kind, and fewer of many bytes", () => {
  const kinds = new RecordKinds(200)
  const [small, large] = [kinds.of("small"), kinds.of("large")]
  for (let index = 0; index < 300; index++) {
    small.set(String(index), { index })
    large.set(String(index), Array.from({ length: 1000 }, () => "15145550142"))
  }
  assert.lengthOf([...small.values()], 200)
  assert.strictEqual(small.get("99"), undefined)
  assert.isBelow([...large.values()].length, 20)
  assert.notStrictEqual(large.get("299"), undefined)
})

it("files of people are kept up to their bytes", () => {
  const files = new Files()
  for (let index = 0; index < 30; index++) {
    files.add({ id: String(index), type: "image/png", bytes: new Uint8Array(10_000_000) })
  }
  assert.deepStrictEqual(Array.from(files.values(), ({ id }) => id), [
    "21",
    "22",
    "23",
    "24",
    "25",
    "26",
    "27",
    "28",
    "29"
  ])
})
