/**
 * From the bytes of a webhook to what it means: verification and decoding, in
 * one process, against the SDK of each carrier and against the bare crypto.
 */
import type { Measure } from "../harness/Measure.ts"
import * as Thread from "../harness/thread.ts"
import type { Task } from "../workers/verify.ts"

const carriers: ReadonlyArray<Task["carrier"]> = ["twilio", "sinch", "telnyx", "voicemeup"]

const row = (carrier: string, theirs: string, aim: number, ours = "effect-sms") => ({
  name: ours === "effect-sms" ? `${carrier}, against ${theirs}` : `${carrier}: ${ours}, against ${theirs}`,
  metric: "calls",
  ours: `${carrier}: ${ours}`,
  theirs: `${carrier}: ${theirs}`,
  aim
})

export const measure: Measure = {
  title: "Verify and decode",
  metrics: { calls: { unit: "/s", better: "more", digits: 0 } },
  rows: [
    row("Twilio", "twilio", 1.5),
    row("Twilio", "twilio", 2, "the core"),
    row("Twilio", "twilio, other orders", 1, "the core, other orders"),
    row("Twilio", "@chat-adapter/twilio", 1.5),
    row("Twilio", "bare HMAC", 0.5),
    row("Twilio", "bare HMAC", 0.5, "the core"),
    row("Sinch", "@sinch/sms", 1),
    row("Sinch", "@sinch/sms", 1.5, "the core"),
    row("Sinch", "bare HMAC", 0.5),
    row("Sinch", "bare HMAC", 0.5, "the core"),
    row("Telnyx", "telnyx", 1.6),
    row("Telnyx", "telnyx", 1.6, "the core"),
    row("Telnyx", "bare Ed25519", 0.9),
    row("Telnyx", "bare Ed25519", 0.9, "the core")
  ],
  rounds: ({ quick }) => quick ? 11 : 41,
  prepare: (setting) => Thread.prepare("verify", carriers.map((carrier) => ({ carrier, setting }) satisfies Task))
}
