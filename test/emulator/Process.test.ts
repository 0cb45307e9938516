import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { FetchHttpClient, HttpClient } from "effect/http"
import * as Emulator from "../../src/emulator/Emulator.ts"
import * as CarrierServer from "../../src/testing/CarrierServer.ts"
import { run } from "../main/process.ts"
import { sdk } from "./twilio.ts"

it.live("a server gets the reports of what was sent through the emulator, with its variables alone", () =>
  Effect.gen(function*() {
    const appUrl = yield* CarrierServer.closedUrl
    const emulator = yield* Emulator.make({ appUrl })
    const server = yield* run(["serve"], { ...emulator.env, ADMIN_TOKEN: "an-admin-token-of-this-test" })
    yield* server.until(/Listening/)
    const { sid } = yield* Effect.promise(() =>
      sdk(emulator).messages.create({
        to: "+15145550142",
        from: emulator.env["TWILIO_FROM"]!,
        body: "Hello",
        statusCallback: `${appUrl}/webhooks/sms/twilio/status`
      })
    )
    yield* emulator.quiet()
    const posted = (yield* emulator.exchanges).filter(({ direction }) => direction === "webhook")
    assert.deepStrictEqual(posted.map(({ status }) => status), [200, 200])
    const response = yield* HttpClient.get(`${appUrl}/messages/${sid}`, {
      headers: { authorization: "Bearer an-admin-token-of-this-test" }
    })
    assert.strictEqual((yield* response.json as Effect.Effect<{ status: string }>).status, "delivered")
  }).pipe(Effect.provide(FetchHttpClient.layer)))
