/**
 * The emulated carrier, and callers that repeat what was not answered, as
 * carriers and applications do. The webhooks are not those of the emulator,
 * which repeats them as Twilio does: only once, so that most kills would lose
 * one.
 */
import { Effect, Exit, Redacted, Scope } from "effect"
import * as Emulator from "../../src/emulator/Emulator.ts"
import * as NodeCrypto from "../../src/NodeCrypto.ts"
import type { Message } from "../../src/provider/Emulation.ts"
import * as Twilio from "../../src/twilio/index.ts"
import { pause } from "./servers.ts"

export interface Carrier {
  /** The variables of a server that sends through it. */
  readonly env: Readonly<Record<string, string>>
  /** How often each text was taken. */
  readonly taken: () => ReadonlyMap<string, number>
  /** The messages that were taken, with the times of the carrier's clock. */
  readonly sent: () => ReadonlyArray<Message>
  /** Refuses messages to a person as to one who has opted out, until the returned function is called. */
  readonly refuse: (person: string) => Promise<() => Promise<void>>
  readonly close: () => Promise<void>
}

/** Takes every message, and answers after a moment. */
export const makeCarrier = async (): Promise<Carrier> => {
  const scope = Scope.makeUnsafe()
  const emulator = await Effect.runPromise(
    Scope.provide(scope)(Emulator.make({ seed: "crash", pace: 0, maxMessages: 1_000_000 }))
  )
  await Effect.runPromise(emulator.addFault({ kind: "send", effect: { type: "delay", millis: 15 } }))
  return {
    env: emulator.env,
    taken: () => {
      const taken = new Map<string, number>()
      for (const { text } of Effect.runSync(emulator.messages("twilio"))) taken.set(text, (taken.get(text) ?? 0) + 1)
      return taken
    },
    sent: () => Effect.runSync(emulator.messages("twilio")),
    refuse: async (number) => {
      const effect = { type: "refuse", reason: "OptedOut" } as const
      const id = await Effect.runPromise(emulator.addFault({ number, kind: "send", effect }))
      return () => Effect.runPromise(Effect.orDie(emulator.removeFault(id)))
    },
    close: () => Effect.runPromise(Scope.close(scope, Exit.void))
  }
}

/** Signs a webhook as the carrier with these variables does. */
export const sign = ({ env }: Carrier, url: string, form: Record<string, string>) =>
  Effect.runPromise(
    Effect.provide(
      Twilio.signWebhook({ authToken: Redacted.make(env["TWILIO_AUTH_TOKEN"]!), url, form }),
      NodeCrypto.layer
    )
  )

/** What was promised to the callers. */
export interface Promised {
  readonly messages: Set<string>
  readonly reports: Set<string>
  /** By key, the status of the final answer. */
  readonly sends: Map<string, number>
  /** The texts of queued messages, by the id of their intent. */
  readonly queued: Map<string, string>
  /** The carrier's ids of accepted sends. */
  readonly ids: Map<string, string>
}

export interface Load {
  readonly promised: Promised
  /** Ends the load once what is under way was answered. */
  readonly stop: () => Promise<void>
}

/** Asks one of the servers until it answers, as callers do. Gives the first answer that is none of a failure. */
export const untilAnswered = async (
  bases: () => ReadonlyArray<string>,
  ask: (base: string) => Promise<Response>,
  isAnswer: (status: number) => boolean
) => {
  for (let turn = 0;; turn++) {
    const all = bases()
    try {
      const response = await ask(all[Math.floor(Math.random() * all.length)]!)
      const body = await response.text()
      if (isAnswer(response.status)) return { status: response.status, body }
    } catch {
      // The server was killed.
    }
    await pause(20 + Math.random() * 30)
  }
}

const customers = Array.from({ length: 10 }, (_, index) => `+1514555014${index}`)

/** Sends webhooks, delivery reports and messages until it is stopped. */
export const start = (carrier: Carrier, bases: () => ReadonlyArray<string>, callers = 4): Load => {
  const promised: Promised = {
    messages: new Set(),
    reports: new Set(),
    sends: new Map(),
    queued: new Map(),
    ids: new Map()
  }
  const state = { isStopped: false }
  let count = 0

  const webhook = async (path: string, form: Record<string, string>, twice: boolean) => {
    const ask = async (base: string) => {
      const { body, headers } = await sign(carrier, `${base}${path}`, form)
      return fetch(`${base}${path}`, { method: "POST", headers, body: Buffer.from(body) })
    }
    await untilAnswered(bases, ask, (status) => status === 200)
    // Carriers repeat what they have an answer to, too.
    if (twice) await untilAnswered(bases, ask, (status) => status === 200)
  }

  const receive = async (caller: number) => {
    while (!state.isStopped) {
      const id = `SM${String(++count).padStart(32, "0")}`
      await webhook("/webhooks/sms/twilio/inbound", {
        MessageSid: id,
        From: customers[(caller + count) % customers.length]!,
        To: carrier.env["TWILIO_FROM"]!,
        Body: `message ${id}`,
        NumMedia: "0"
      }, Math.random() < 0.3)
      promised.messages.add(id)
      await pause(Math.random() * 20)
    }
  }

  const send = async () => {
    while (!state.isStopped) {
      const key = `key-${++count}`
      const { body, status } = await untilAnswered(bases, (base) =>
        fetch(`${base}/messages`, {
          method: "POST",
          headers: { "content-type": "application/json", authorization: "Bearer admin", "idempotency-key": key },
          body: JSON.stringify({ to: "+15145550199", text: key })
        }), (status) => status < 500 || status === 504)
      promised.sends.set(key, status)
      if (status < 300) {
        const [id] = (JSON.parse(body) as { messageIds: [string] }).messageIds
        promised.ids.set(key, id)
        await webhook("/webhooks/sms/twilio/status", {
          MessageSid: id,
          MessageStatus: "delivered",
          From: carrier.env["TWILIO_FROM"]!,
          To: "+15145550199"
        }, Math.random() < 0.3)
        promised.reports.add(id)
      }
      await pause(Math.random() * 20)
    }
  }

  const enqueue = async () => {
    while (!state.isStopped) {
      const key = `queued-${++count}`
      const sendAt = new Date(Date.now() + Math.random() * 500).toISOString()
      const { body } = await untilAnswered(bases, (base) =>
        fetch(`${base}/messages`, {
          method: "POST",
          headers: { "content-type": "application/json", authorization: "Bearer admin", "idempotency-key": key },
          body: JSON.stringify({ to: "+15145550198", text: key, queue: true, sendAt })
        }), (status) => status === 202)
      promised.queued.set((JSON.parse(body) as { id: string }).id, key)
      await pause(Math.random() * 20)
    }
  }

  const running = Array.from({ length: callers }, (_, caller) => [receive(caller), send(), enqueue()]).flat()
  return {
    promised,
    stop: async () => {
      state.isStopped = true
      await Promise.all(running)
    }
  }
}
