/** The verification and decoding of one carrier's webhooks, by the library, by its SDK, and the bare crypto. */
import { readTwilioWebhook } from "@chat-adapter/twilio/webhook"
import * as NodeCrypto from "effect-sms/NodeCrypto"
import { SmsProvider } from "effect-sms/provider"
import * as Sinch from "effect-sms/sinch"
import * as SinchCore from "effect-sms/sinch/core"
import * as Telnyx from "effect-sms/telnyx"
import * as TelnyxCore from "effect-sms/telnyx/core"
import * as Twilio from "effect-sms/twilio"
import * as TwilioCore from "effect-sms/twilio/core"
import * as VoiceMeUp from "effect-sms/voicemeup"
import * as VoiceMeUpCore from "effect-sms/voicemeup/core"
import * as WebhookRequest from "effect-sms/WebhookRequest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { createHmac, createPublicKey, verify } from "node:crypto"
import querystring from "node:querystring"
import OfficialTelnyx from "telnyx"
import OfficialTwilio from "twilio"
import { SmsCallbackWebhooks } from "../../sinch/sdk.ts"
import { asyncCalls, calls } from "../harness/calls.ts"
import type { Contender, Setting } from "../harness/Measure.ts"
import type { Module } from "../harness/thread.ts"
import { pick } from "../inputs/pick.ts"
import {
  reordered,
  sinchSecret,
  telnyxKeys,
  twilioToken,
  voicemeupToken,
  type Webhook,
  webhooks
} from "../inputs/webhooks.ts"

const providerOf = <E>(layer: Layer.Layer<SmsProvider.SmsProvider, E>) =>
  Effect.runPromise(Effect.provide(SmsProvider.SmsProvider.use(Effect.succeed), layer))

const received = (webhook: Webhook) => WebhookRequest.make({ method: "POST", ...webhook })

const events = (provider: SmsProvider.SmsProvider["Service"], webhook: Webhook) =>
  Effect.flatMap(provider.verify(received(webhook)), provider.decode)

/** All are accepted, and refused when one byte is another: whoever does less than that has no number. */
const check = async (
  name: string,
  accepts: (webhook: Webhook) => unknown,
  list: ReadonlyArray<Webhook>
): Promise<void> => {
  const refuses = async (webhook: Webhook) => {
    try {
      return await accepts(webhook) === false
    } catch {
      return true
    }
  }
  for (const webhook of list) {
    if (await refuses(webhook)) throw new Error(`${name} refused a webhook`)
    const body = Buffer.from(webhook.body)
    body[body.indexOf("Hello")]!++
    if (!await refuses({ ...webhook, body })) throw new Error(`${name} accepted a forged webhook`)
  }
}

const accepted = <A>(isAccepted: boolean, parsed: A): A => {
  if (!isAccepted) throw new Error("refused")
  return parsed
}

/** The events of a core, which throws nothing. */
const eventsOf = (core: TwilioCore.Core) => (webhook: Webhook) => {
  const result = core.receive({ method: "POST", ...webhook })
  return result._tag === "Received" ? result.events : false
}

const twilio = async (setting: Setting): Promise<Record<string, Contender>> => {
  const provider = await providerOf(
    Twilio.layerWebhook({ authToken: Redacted.make(twilioToken) }).pipe(Layer.provide(NodeCrypto.layer))
  )
  const ours = (webhook: Webhook) => Effect.runSync(events(provider, webhook))
  // Express parses a form with Node's `querystring`, which is its faster parser.
  const sdk = ({ body, headers, url }: Webhook) => {
    const form = querystring.parse(body.toString())
    return accepted(OfficialTwilio.validateRequest(twilioToken, headers["x-twilio-signature"]!, url, form), form)
  }
  // What it needs of a request, which costs less than the whole of one.
  const adapter = ({ body, headers, url }: Webhook) =>
    readTwilioWebhook(
      { method: "POST", url, headers: new Headers(headers), text: async () => body.toString() } as Request,
      { authToken: twilioToken }
    )
  const core = eventsOf(TwilioCore.make({ authToken: twilioToken }))
  await check("effect-sms", ours, webhooks.twilio)
  await check("effect-sms/twilio/core", core, webhooks.twilio)
  await check("effect-sms/twilio/core", core, reordered)
  await check("twilio", sdk, webhooks.twilio)
  await check("@chat-adapter/twilio", adapter, webhooks.twilio)

  const signed = webhooks.twilio.map(({ body, headers, url }) => {
    const form = querystring.parse(body.toString())
    const text = url + Object.keys(form).sort().map((name) => `${name}${String(form[name])}`).join("")
    return { bytes: Buffer.from(text), signature: headers["x-twilio-signature"]! }
  })
  const floor = (i: number) => {
    const { bytes, signature } = pick(signed, i)
    return accepted(createHmac("sha1", twilioToken).update(bytes).digest("base64") === signature, bytes)
  }
  return {
    "Twilio: effect-sms": calls(setting, (i) => ours(pick(webhooks.twilio, i))),
    "Twilio: the core": calls(setting, (i) => core(pick(webhooks.twilio, i))),
    "Twilio: the core, other orders": calls(setting, (i) => core(pick(reordered, i))),
    "Twilio: twilio": calls(setting, (i) => sdk(pick(webhooks.twilio, i))),
    "Twilio: twilio, other orders": calls(setting, (i) => sdk(pick(reordered, i))),
    "Twilio: @chat-adapter/twilio": asyncCalls(setting, (i) => adapter(pick(webhooks.twilio, i))),
    "Twilio: bare HMAC": calls(setting, floor)
  }
}

const sinch = async (setting: Setting): Promise<Record<string, Contender>> => {
  const provider = await providerOf(
    Sinch.layerWebhook({ verification: Sinch.hmacSha256(Redacted.make(sinchSecret)) }).pipe(
      Layer.provide(NodeCrypto.layer)
    )
  )
  const ours = (webhook: Webhook) => Effect.runSync(events(provider, webhook))
  const official = new SmsCallbackWebhooks(sinchSecret)
  const sdk = ({ body, headers }: Webhook) => {
    const text = body.toString()
    return accepted(official.validateAuthenticationHeader(headers, text, "/", "POST"), official.parseEvent(text))
  }
  const core = eventsOf(SinchCore.make({ verification: { scheme: "HmacSha256", secret: sinchSecret } }))
  await check("effect-sms", ours, webhooks.sinch)
  await check("effect-sms/sinch/core", core, webhooks.sinch)
  await check("@sinch/sms", sdk, webhooks.sinch)

  const signed = webhooks.sinch.map(({ body, headers }) => ({
    bytes: Buffer.from(
      `${body}.${headers["x-sinch-webhook-signature-nonce"]}.${headers["x-sinch-webhook-signature-timestamp"]}`
    ),
    signature: headers["x-sinch-webhook-signature"]!
  }))
  const floor = (i: number) => {
    const { bytes, signature } = pick(signed, i)
    return accepted(createHmac("sha256", sinchSecret).update(bytes).digest("base64") === signature, bytes)
  }
  return {
    "Sinch: effect-sms": calls(setting, (i) => ours(pick(webhooks.sinch, i))),
    "Sinch: the core": calls(setting, (i) => core(pick(webhooks.sinch, i))),
    "Sinch: @sinch/sms": calls(setting, (i) => sdk(pick(webhooks.sinch, i))),
    "Sinch: bare HMAC": calls(setting, floor)
  }
}

const telnyx = async (setting: Setting): Promise<Record<string, Contender>> => {
  const { publicKey } = telnyxKeys
  const provider = await providerOf(
    // The webhooks are signed once, and a measure may take longer than the five minutes of the default.
    Telnyx.layerWebhook({ publicKey, tolerance: "1 hour" }).pipe(Layer.provide(NodeCrypto.layer))
  )
  const ours = (webhook: Webhook) => Effect.runSync(events(provider, webhook))
  const official = new OfficialTelnyx({ apiKey: "unused", publicKey })
  const sdk = ({ body, headers }: Webhook) => official.webhooks.unwrap(body.toString(), { headers, key: publicKey })
  const core = eventsOf(TelnyxCore.make({ publicKey, tolerance: 3600 }))
  await check("effect-sms", ours, webhooks.telnyx)
  await check("effect-sms/telnyx/core", core, webhooks.telnyx)
  await check("telnyx", sdk, webhooks.telnyx)

  const key = createPublicKey({
    format: "jwk",
    key: { kty: "OKP", crv: "Ed25519", x: Buffer.from(publicKey, "base64").toString("base64url") }
  })
  const signed = webhooks.telnyx.map(({ body, headers }) => ({
    bytes: Buffer.from(`${headers["telnyx-timestamp"]}|${body}`),
    signature: Buffer.from(headers["telnyx-signature-ed25519"]!, "base64")
  }))
  // The engine compiles what is called often, and calls that take so long are not, within the usual second.
  const times = { run: 100, warmUp: 5000 }
  const floor = (i: number) => {
    const { bytes, signature } = pick(signed, i)
    return accepted(verify(null, bytes, key, signature), bytes)
  }
  return {
    "Telnyx: effect-sms": calls(setting, (i) => ours(pick(webhooks.telnyx, i)), times),
    "Telnyx: the core": calls(setting, (i) => core(pick(webhooks.telnyx, i)), times),
    "Telnyx: telnyx": asyncCalls(setting, (i) => sdk(pick(webhooks.telnyx, i)), times),
    "Telnyx: bare Ed25519": calls(setting, floor, times)
  }
}

/** There is no SDK and no signature: a token in the URL, and JSON. */
const voicemeup = async (setting: Setting): Promise<Record<string, Contender>> => {
  const provider = await providerOf(
    VoiceMeUp.layerWebhook({ verification: { scheme: "Token", token: Redacted.make(voicemeupToken) } }).pipe(
      Layer.provide(NodeCrypto.layer)
    )
  )
  const ours = (webhook: Webhook) => Effect.runSync(events(provider, webhook))
  const core = eventsOf(VoiceMeUpCore.make({ verification: { scheme: "Token", token: voicemeupToken } }))
  for (const webhook of webhooks.voicemeup) {
    ours(webhook)
    if (core(webhook) === false) throw new Error("effect-sms/voicemeup/core refused a webhook")
  }
  return {
    "VoiceMeUp: effect-sms": calls(setting, (i) => ours(pick(webhooks.voicemeup, i))),
    "VoiceMeUp: the core": calls(setting, (i) => core(pick(webhooks.voicemeup, i)))
  }
}

const carriers = { twilio, sinch, telnyx, voicemeup }

export interface Task {
  readonly carrier: keyof typeof carriers
  readonly setting: Setting
}

export const prepare: Module<Task>["prepare"] = async ({ carrier, setting }) => ({
  contenders: await carriers[carrier](setting)
})
