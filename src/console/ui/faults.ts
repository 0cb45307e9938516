/**
 * The faults that the phone has a switch for.
 */
import type { Fault } from "../../emulator/Fault.ts"

export interface Preset {
  readonly name: string
  readonly detail: string
  readonly fault: Fault
}

export const presets: ReadonlyArray<Preset> = [
  {
    name: "The phone is off",
    detail: "Messages are accepted, and then not delivered",
    fault: { kind: "send", effect: { type: "fail", state: "undelivered", reason: "Unreachable" } }
  },
  {
    name: "The carrier refuses the number",
    detail: "Sends are refused at once",
    fault: { kind: "send", effect: { type: "refuse", reason: "InvalidRecipient" } }
  },
  {
    name: "Too many requests",
    detail: "The carrier answers 429",
    fault: { kind: "send", effect: { type: "rateLimit", retryAfter: 2 } }
  },
  {
    name: "The carrier is down",
    detail: "The carrier answers 503, and sends nothing",
    fault: { kind: "send", effect: { type: "serverError", status: 503 } }
  },
  {
    name: "The connection breaks",
    detail: "The message goes out, and no answer comes",
    fault: { kind: "send", effect: { type: "cut" } }
  },
  {
    name: "Delivery reports are late",
    detail: "They come after five seconds",
    fault: { kind: "status", effect: { type: "delay", millis: 5000 } }
  },
  {
    name: "Delivery reports are lost",
    detail: "None comes",
    fault: { kind: "status", effect: { type: "lose" } }
  },
  {
    name: "Webhooks come twice",
    detail: "The application must take a message once",
    fault: { kind: "inbound", effect: { type: "duplicate" } }
  },
  {
    name: "Webhooks are forged",
    detail: "Their signature is wrong",
    fault: { kind: "inbound", effect: { type: "wrongSignature" } }
  }
]

const keyOf = ({ carrier, effect, kind, nth, number, times }: Fault): string =>
  JSON.stringify([kind, Object.entries(effect).sort(), carrier, number, nth, times])

/** Whether a rule is a preset, at whatever rate. */
export const isPreset = (preset: Preset, fault: Fault): boolean => keyOf(preset.fault) === keyOf(fault)

/** The shares of exchanges that a switch can affect. */
export const rates: ReadonlyArray<readonly [rate: number, name: string]> = [
  [1, "always"],
  [0.5, "1 in 2"],
  [0.25, "1 in 4"],
  [0.1, "1 in 10"]
]
