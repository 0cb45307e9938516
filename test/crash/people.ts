/**
 * People who opt out in every way while messages to them are queued and sent, and
 * servers that are killed meanwhile.
 */
import type { Message } from "../../src/provider/Emulation.ts"
import { type Carrier, sign, untilAnswered } from "./load.ts"
import { pause } from "./servers.ts"

/** How a person opts out. */
const ways = ["keyword", "free text", "api", "import", "refusal"] as const

/** What is known of a person. */
interface Life {
  readonly person: string
  readonly way: typeof ways[number]
  /** When the opt-out was acknowledged. */
  stoppedAt?: number
  /** When the person asked for messages again. */
  startedAt?: number
  /** Statuses of sends that were asked for while the person was opted out, which had to be refused. */
  readonly refused: Array<number>
  /** Statuses of sends that were asked for before and after, which had to be accepted. */
  readonly accepted: Array<number>
}

export interface People {
  readonly lives: ReadonlyArray<Life>
  /** Ends once everything that was asked for was answered, and every queued message is due. */
  readonly stop: () => Promise<void>
}

/** How long after the request a queued message is due at most. */
const longestDelay = 3000

/** Lives the lives of people, some at a time, until it is stopped. */
export const live = (bases: () => ReadonlyArray<string>, carrier: Carrier, atOnce = 12): People => {
  const lives: Array<Life> = []
  const state = { isStopped: false }
  let count = 0

  const call = (method: string, path: string, body: string, headers: Readonly<Record<string, string>> = {}) =>
    untilAnswered(
      bases,
      (base) => fetch(`${base}${path}`, { method, body, headers: { authorization: "Bearer admin", ...headers } }),
      (status) => status < 500 || status === 504
    )
  const json = { "content-type": "application/json" }

  const say = async (person: string, text: string) => {
    const form = {
      MessageSid: `SM${String(++count).padStart(32, "0")}`,
      From: person,
      To: carrier.env["TWILIO_FROM"]!,
      Body: text,
      NumMedia: "0"
    }
    await untilAnswered(bases, async (base) => {
      const { body, headers } = await sign(carrier, `${base}/webhooks/sms/twilio/inbound`, form)
      return fetch(`${base}/webhooks/sms/twilio/inbound`, { method: "POST", headers, body: Buffer.from(body) })
    }, (status) => status === 200)
  }

  const send = async (person: string) => {
    const key = `direct-${++count}`
    const body = JSON.stringify({ to: person, text: `${key} ${Date.now()}` })
    return (await call("POST", "/messages", body, { ...json, "idempotency-key": key })).status
  }

  const enqueue = async (person: string) => {
    const key = `queued-${++count}`
    const due = Date.now() + Math.floor(Math.random() * longestDelay)
    const body = JSON.stringify({
      to: person,
      text: `${key} ${due}`,
      queue: true,
      sendAt: new Date(due).toISOString()
    })
    await call("POST", "/messages", body, { ...json, "idempotency-key": key })
  }

  const optOut: Readonly<Record<Life["way"], (person: string) => Promise<unknown>>> = {
    keyword: (person) => say(person, "Stop"),
    "free text": (person) => say(person, "please stop texting me"),
    api: (person) =>
      call("POST", `/people/${encodeURIComponent(person)}/consent`, JSON.stringify({ action: "stop" }), json),
    import: (person) => call("POST", "/consents", `person,action\n${person},stop\n`, { "content-type": "text/csv" }),
    refusal: async (person) => {
      const takeAgain = await carrier.refuse(person)
      // One of unknown outcome may not have reached the carrier.
      while ((await send(person)) !== 422);
      await takeAgain()
    }
  }

  const oneLife = async () => {
    const person = `+1514${2_000_000 + lives.length}`
    const life: Life = { person, way: ways[lives.length % ways.length]!, refused: [], accepted: [] }
    lives.push(life)
    for (let times = 0; times < 4; times++) await enqueue(person)
    life.accepted.push(await send(person))
    await pause(Math.random() * longestDelay)
    await optOut[life.way](person)
    life.stoppedAt = Date.now()
    life.refused.push(await send(person))
    for (let times = 0; times < 2; times++) await enqueue(person)
    life.refused.push(await send(person))
    if (Math.random() < 0.3) {
      await pause(Math.random() * longestDelay)
      life.startedAt = Date.now()
      await say(person, "START")
      life.accepted.push(await send(person))
    }
  }

  const running = Array.from({ length: atOnce }, async () => {
    while (!state.isStopped) await oneLife()
  })
  return {
    lives,
    stop: async () => {
      state.isStopped = true
      await Promise.all(running)
      await pause(longestDelay)
    }
  }
}

export interface Result {
  readonly people: number
  /** The queued messages that went out before the opt-out, or after the opt-in. */
  readonly delivered: number
  /** The confirmations of opt-outs that went out. */
  readonly confirmations: number
  /** What went out to people who had opted out. */
  readonly violations: ReadonlyArray<string>
  readonly notRefused: ReadonlyArray<string>
  readonly notAccepted: ReadonlyArray<string>
}

/** What was checked before the opt-out reaches the carrier soon after it. */
const grace = 10_000

/** Finds what went out to people whose last word was STOP. */
export const judge = (lives: ReadonlyArray<Life>, sent: ReadonlyArray<Message>): Result => {
  const violations: Array<string> = []
  let [delivered, confirmations] = [0, 0]
  const byPerson = new Map<string, Array<Message>>()
  for (const one of sent) byPerson.set(one.to, [...byPerson.get(one.to) ?? [], one])
  for (const { person, startedAt = Infinity, stoppedAt = Infinity, way } of lives) {
    let confirmed = 0
    for (const { createdAt: at, text } of byPerson.get(person) ?? []) {
      const [, kind, due] = /^(queued|direct)-\d+ (\d+)$/.exec(text) ?? []
      if (kind === undefined) {
        // The opt-in is confirmed, too.
        if (at < startedAt && ++confirmed > (way === "keyword" || way === "free text" ? 1 : 0)) {
          violations.push(`${way}: a confirmation too many`)
        }
        continue
      }
      if (kind === "queued") delivered++
      // What was not due, or not asked for, before the opt-out was acknowledged cannot have been checked before it.
      const isLate = Number(due) > stoppedAt || at > stoppedAt + grace
      if (isLate && at < startedAt) violations.push(`${way}: ${text} at ${at}, opted out at ${stoppedAt}`)
    }
    confirmations += confirmed
  }
  const wrong = (wanted: (life: Life) => ReadonlyArray<number>, isRight: (status: number) => boolean) =>
    lives.flatMap((life) => wanted(life).filter((status) => !isRight(status)).map((status) => `${life.way}: ${status}`))
  return {
    people: lives.length,
    delivered,
    confirmations,
    violations,
    // The outcome is not known where the server was killed.
    notRefused: wrong(({ refused }) => refused, (status) => status === 422 || status === 504),
    notAccepted: wrong(({ accepted }) => accepted, (status) => status === 202 || status === 504)
  }
}
