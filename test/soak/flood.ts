/** Authentic webhooks that are as large and as many as a carrier could send, and what they do to the memory of a server. */
import { Effect, type Layer, Redacted } from "effect"
import { readFileSync } from "node:fs"
import { Agent, request } from "node:http"
import * as NodeCrypto from "../../src/NodeCrypto.ts"
import * as Sinch from "../../src/sinch/index.ts"
import * as Telnyx from "../../src/telnyx/index.ts"
import * as Twilio from "../../src/twilio/index.ts"
import * as WebhookRequest from "../../src/WebhookRequest.ts"
import * as telnyxKeys from "../telnyx/keys.ts"

const twilioToken = "0123456789abcdef0123456789abcdef"
const sinchSecret = "sinch-secret-for-tests"
const voicemeupToken = "voicemeup-token-for-tests"

/** The variables of the server. */
export const env = {
  TWILIO_AUTH_TOKEN: twilioToken,
  SINCH_WEBHOOK_SECRET: sinchSecret,
  TELNYX_PUBLIC_KEY: telnyxKeys.publicKey,
  VOICEMEUP_WEBHOOK_TOKEN: voicemeupToken
}

/** A text of so many characters. The last one makes it take two bytes for each. */
const text = (length: number, index: number) => `${`${index} `.padEnd(length - 1, "x")}€`
/** A list that takes twenty times its bytes. */
const list = Array.from({ length: 19_000 }, () => ({}))
/** An id as long as one may be. */
const id = (index: number, length = 256) => String(index).padStart(length, "0")
const customer = (index: number) => `+1514${String(index % 10_000_000).padStart(7, "0")}`
const ours = "+15145550100"

interface Webhook {
  readonly status: number
  readonly make: (
    base: string,
    index: number
  ) => Effect.Effect<WebhookRequest.WebhookRequest, unknown, Layer.Success<typeof NodeCrypto.layer>>
}

const sinch = (base: string, payload: object) =>
  Sinch.signWebhook({ secret: Redacted.make(sinchSecret), url: `${base}/webhooks/sms/sinch/inbound`, payload })

const twilio = (base: string, form: Record<string, string>) =>
  Twilio.signWebhook({ authToken: Redacted.make(twilioToken), url: `${base}/webhooks/sms/twilio/inbound`, form })

const telnyx = (base: string, event_type: string, payload: object) =>
  Telnyx.signWebhook({
    privateKey: telnyxKeys.privateKey,
    url: `${base}/webhooks/sms/telnyx/inbound`,
    payload: { data: { event_type, payload } }
  })

const voicemeup = (base: string, payload: object) =>
  Effect.succeed(WebhookRequest.make({
    url: `${base}/webhooks/sms/voicemeup/inbound?token=${voicemeupToken}`,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(payload)
  }))

const twilioText: Webhook = {
  status: 200,
  make: (base, index) =>
    twilio(base, {
      MessageSid: `SM${id(index, 32)}`,
      SmsStatus: "received",
      From: customer(index),
      To: ours,
      Body: text(60_000, index),
      NumMedia: "0"
    })
}

const sinchText: Webhook = {
  status: 200,
  make: (base, index) =>
    sinch(base, { type: "mo_text", id: id(index), from: customer(index), to: ours, body: text(60_000, index) })
}

const status: Webhook = {
  status: 200,
  make: (base, index) =>
    sinch(base, {
      type: "recipient_delivery_report_sms",
      batch_id: id(index),
      recipient: customer(index),
      status: "Failed",
      code: id(index),
      status_message: text(4096, index),
      list
    })
}

const part: Webhook = {
  status: 200,
  make: (base, index) =>
    voicemeup(base, {
      source_number: customer(index),
      destination_number: ours,
      datetime_transmission: "2026-01-28 13:00:14",
      sms_hash: id(index),
      message: text(2000, index),
      attachment: `https://clients.voicemeup.com/file/${index}.mms.html`,
      list
    })
}

/** Large texts, payloads, keys and parts of messages that never come, of distinct people. */
const often = [twilioText, sinchText, status, part, status, part]

const seldom: ReadonlyArray<Webhook> = [
  {
    status: 200,
    make: (base, index) =>
      telnyx(base, "message.finalized", {
        id: id(index),
        from: { phone_number: ours },
        to: Array.from({ length: 100 }, (_, nth) => ({ phone_number: customer(index + nth), status: "delivered" })),
        tags: [text(20_000, index)]
      })
  },
  { status: 200, make: (base, index) => telnyx(base, "unknown", { id: id(index), list }) },
  {
    status: 413,
    make: (base, index) =>
      sinch(base, { type: "mo_text", id: id(index), from: customer(index), to: ours, body: text(1024 * 1024, index) })
  }
]

/** One after the other, again and again. */
const kinds = [...often, ...often, ...often, ...often, ...seldom]

const agent = new Agent({ keepAlive: true, maxSockets: 16 })

/** Sends a request, and returns the status of the answer. */
const post = ({ body, headers, method, url }: WebhookRequest.WebhookRequest): Promise<number> =>
  new Promise((resolve, reject) => {
    const sent = request(url, { method, headers: { ...headers, "content-length": body.length }, agent }, (response) => {
      response.resume()
      response.on("end", () => resolve(response.statusCode!))
    })
    sent.on("error", reject)
    sent.end(body)
  })

/** The resident memory of a process, in mebibytes. */
export const residentMemory = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1024

export interface Result {
  /** What was answered differently than expected. */
  readonly unexpected: ReadonlyArray<string>
  /** The resident memory after each hundredth of the flood, in mebibytes. */
  readonly samples: ReadonlyArray<number>
}

/** Sends so many webhooks, sixteen at a time. */
export const flood = async (base: string, pid: number, count: number): Promise<Result> => {
  const unexpected: Array<string> = []
  const samples: Array<number> = []
  let next = 0
  const send = async () => {
    while (next < count) {
      const index = next++
      if (index % Math.ceil(count / 100) === 0) samples.push(residentMemory(pid))
      const { make, status } = kinds[index % kinds.length]!
      const webhook = await Effect.runPromise(Effect.provide(make(base, index), NodeCrypto.layer))
      // A connection that is closed with the refusal of a large body may break before its answer is read, and one
      // that was idle may be closed while it is used again: carriers redeliver then.
      const answer = await post(webhook)
        .catch(() => status === 413 ? status : post(webhook))
        .catch((error: unknown) => String(error))
      if (answer !== status) unexpected.push(`${index % kinds.length}: ${answer}`)
    }
  }
  await Promise.all(Array.from({ length: 16 }, send))
  samples.push(residentMemory(pid))
  return { unexpected, samples }
}
