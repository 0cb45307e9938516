/**
 * What the servers have in common: what they serve, and how they say that they
 * do.
 */

import { monitorEventLoopDelay } from "node:perf_hooks"

export const authToken = "0123456789abcdef0123456789abcdef"
export const publicUrl = "https://sms.example.com"
export const path = "/webhooks/sms/twilio/inbound"
export const url = publicUrl + path

/** TwiML that says nothing. */
export const answer = "<Response/>"
export const contentType = "text/xml"

/** What a server answers to the process that started it, by question. */
export type Answers = Readonly<Record<string, () => unknown>>

const delay = monitorEventLoopDelay({ resolution: 1 })

const common: Answers = {
  "How much?": () => process.cpuUsage(),
  "How much memory?": () => {
    globalThis.gc?.()
    return process.memoryUsage()
  },
  "Watch the event loop": () => {
    delay.reset()
    return delay.enable()
  },
  // The histogram is of the times between timers a millisecond apart, in nanoseconds.
  "How late?": () => {
    delay.disable()
    return { p99: Math.max(0, delay.percentile(99) / 1e6 - 1), max: Math.max(0, delay.max / 1e6 - 1) }
  }
}

/** Tells the port to the process that started this one, and answers what that one asks. Ends with it. */
export const listening = (port: number, answers: Answers = {}): void => {
  process.on("disconnect", () => process.exit())
  process.on("message", (question: string) => {
    void (async () => process.send?.(await (answers[question] ?? common[question])!()))()
  })
  process.send?.(port)
}

export const portOf = (address: string | { readonly port: number } | null): number => {
  if (typeof address !== "object" || address === null) throw new Error("The server listens on no port")
  return address.port
}
