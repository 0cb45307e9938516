/**
 * Sending: messages through a carrier that accepts them at once, in another
 * process. Theirs are the carriers' SDKs, and the bare client that ours stands on.
 */
import { NodeCrypto } from "@effect/platform-node"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Address } from "effect-sms/Address"
import { TextContent } from "effect-sms/Content"
import { OutboundMessage } from "effect-sms/Message"
import { SmsProvider } from "effect-sms/provider"
import * as Telnyx from "effect-sms/telnyx"
import * as Twilio from "effect-sms/twilio"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import { fork } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import TelnyxSdk from "telnyx"
import twilio from "twilio"
import { Agent } from "undici"
import { asyncCalls } from "../harness/calls.ts"
import { type Measure, row } from "../harness/Measure.ts"

const accountSid = "AC0123456789abcdef0123456789abcdef"
const secret = "0123456789abcdef0123456789abcdef"
const to = "+15145550142"
const from = "+15145550100"
const textOf = (i: number) => `Hello: your order number ${i} is on its way, and here before noon.`

/** The public key of RFC 8032's first test vector: nothing is verified here. */
const publicKey = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

/** Twilio's own client, led to another host, with connections that stay open as ours do. */
class LedClient extends twilio.RequestClient {
  readonly #url: string
  constructor(url: string) {
    super({ keepAlive: true })
    this.#url = url
  }
  override request<TData>(options: Parameters<twilio.RequestClient["request"]>[0]) {
    return super.request<TData>({ ...options, uri: options.uri.replace("https://api.twilio.com", this.#url) } as never)
  }
}

export const measure: Measure = {
  title: "Send",
  metrics: { calls: { unit: "messages/s", better: "more", digits: 0 } },
  rows: [
    row("Twilio, against its SDK", "calls", "effect-sms, Twilio", "twilio", 1),
    row("Telnyx, against its SDK", "calls", "effect-sms, Telnyx", "telnyx", 1),
    row("Twilio, against bare undici", "calls", "effect-sms, Twilio", "undici")
  ],
  rounds: ({ quick }) => quick ? 15 : 41,
  prepare: async (setting) => {
    const carrier = fork(join(import.meta.dirname, "../servers/carrier.ts"), { execArgv: [] })
    const [port] = await once(carrier, "message")
    const url = `http://127.0.0.1:${port}`
    const scope = Scope.makeUnsafe()
    const provider = <E>(layer: Layer.Layer<SmsProvider.SmsProvider, E>) =>
      Effect.runPromise(Effect.map(Layer.buildWithScope(layer, scope), Context.get(SmsProvider.SmsProvider)))
    const services = Layer.mergeAll(NodeCrypto.layer, NodeHttpClient.layerUndici)
    const common = { from: Address.make(from), baseUrl: url }
    const ours = {
      twilio: await provider(
        Layer.provide(Twilio.layer({ accountSid, authToken: Redacted.make(secret), ...common }), services)
      ),
      telnyx: await provider(
        Layer.provide(Telnyx.layer({ apiKey: Redacted.make(secret), publicKey, ...common }), services)
      )
    }
    const send = (provider: SmsProvider.SmsProvider["Service"]) => (i: number) =>
      Effect.runPromise(
        provider.send(new OutboundMessage({ to: Address.make(to), content: new TextContent({ text: textOf(i) }) }))
      )
    const twilioSdk = twilio(accountSid, secret, { httpClient: new LedClient(url) })
    const telnyxSdk = new TelnyxSdk({ apiKey: secret, baseURL: `${url}/v2`, maxRetries: 0 })
    const agent = new Agent()
    const authorization = `Basic ${Buffer.from(`${accountSid}:${secret}`).toString("base64")}`
    return {
      contenders: {
        "effect-sms, Twilio": asyncCalls(setting, send(ours.twilio)),
        "twilio": asyncCalls(setting, (i) => twilioSdk.messages.create({ to, from, body: textOf(i) })),
        "effect-sms, Telnyx": asyncCalls(setting, send(ours.telnyx)),
        "telnyx": asyncCalls(setting, (i) => telnyxSdk.messages.send({ to, from, text: textOf(i) })),
        "undici": asyncCalls(setting, async (i) => {
          const { body } = await agent.request({
            origin: url,
            path: `/2010-04-01/Accounts/${accountSid}/Messages.json`,
            method: "POST",
            headers: { authorization, accept: "application/json", "content-type": "application/x-www-form-urlencoded" },
            body: new URLSearchParams({ To: to, From: from, Body: textOf(i) }).toString()
          })
          return body.json()
        })
      },
      tearDown: async () => {
        await Effect.runPromise(Scope.close(scope, Exit.void))
        await agent.close()
        const exit = once(carrier, "exit")
        carrier.disconnect()
        await exit
      }
    }
  }
}
