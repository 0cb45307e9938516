import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Emulator from "../../src/emulator/Emulator.ts"
import * as Carrier from "../../src/provider/Carrier.ts"
import * as Emulation from "../../src/provider/Emulation.ts"
import * as CarrierServer from "../../src/testing/CarrierServer.ts"
import { carrier } from "../fifth-carrier/Carrier.ts"

/** The least that a carrier needs: a request that sends, and a webhook for each direction. */
const emulation: Emulation.Emulation = {
  make: ({ baseUrl, inboundUrl, network, random, statusUrl }) => {
    const key = random.text(20)
    const webhook = (kind: "status" | "inbound", message: Emulation.Message): Emulation.Webhook => ({
      kind,
      method: "POST",
      url: kind === "status" ? statusUrl : inboundUrl,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ id: message.id, text: message.text, state: message.state }),
      messageId: message.id,
      number: kind === "status" ? message.to : message.from
    })
    return {
      env: { ACME_URL: baseUrl, ACME_KEY: key },
      call: (request) => {
        if (request.path !== "/send") return Emulation.notEmulated(request.path)
        if (Emulation.bearerToken(request) !== key) {
          return { operation: "send", kind: "request", run: () => Emulation.json(401, {}) }
        }
        const { text, to } = JSON.parse(request.body)
        const draft = { id: network.random.hex(8), from: network.numbers[0]!, to, text, segments: 1 }
        return {
          operation: "send",
          kind: "send",
          numbers: [to],
          run: () => Emulation.json(200, { id: network.accept(draft).id })
        }
      },
      refuse: (refusal) => Emulation.json(refusal._tag === "RateLimited" ? 429 : 400, {}),
      inboundId: () => network.random.hex(8),
      codeOf: (reason) => reason,
      report: (message) => message.state === "delivered" ? webhook("status", message) : undefined,
      inbound: (message) => [{ webhook: webhook("inbound", message), after: 0 }],
      sign: (_, { forged }) => ({ "x-acme": forged ? "wrong" : key }),
      timeout: () => 1000,
      retry: () => undefined
    }
  }
}

it.live("plays a carrier of the application, and leaves out one that it cannot play", () =>
  Effect.gen(function*() {
    const app = yield* CarrierServer.serve(CarrierServer.answer(204, ""))
    const acme = { ...carrier, emulation: Effect.succeed(emulation) }
    const other = { ...carrier, name: "other", emulation: undefined }
    const carriers = [acme, other].map(Carrier.loaded)
    const emulator = yield* Emulator.make({ appUrl: app.url, pace: 0, carriers })
    assert.deepStrictEqual(emulator.carriers.map(({ name }) => name), [carrier.name])
    const { ACME_KEY, ACME_URL } = emulator.env
    const send = (to: string) =>
      Effect.promise(() =>
        fetch(`${ACME_URL}/send`, {
          method: "POST",
          headers: { authorization: `Bearer ${ACME_KEY}` },
          body: JSON.stringify({ to, text: "Hello" })
        })
      )
    assert.strictEqual((yield* send("+15145550142")).status, 200)
    assert.strictEqual((yield* send("+15005551015")).status, 429)
    yield* emulator.text({ from: "+15145550142", text: "Hi" })
    yield* emulator.quiet()
    assert.deepStrictEqual(
      app.requests.map(({ body, headers, path }) => [path, JSON.parse(body).state, headers["x-acme"]]).sort(),
      [
        [`/webhooks/sms/${carrier.name}/inbound`, "received", ACME_KEY],
        [`/webhooks/sms/${carrier.name}/status`, "delivered", ACME_KEY]
      ]
    )
    const elsewhere = yield* Effect.promise(() => fetch(`${ACME_URL}/balance`))
    assert.strictEqual(elsewhere.status, 501)
    assert.include(yield* Effect.promise(() => elsewhere.text()), "/balance")
  }))
