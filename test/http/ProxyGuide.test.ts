/** A webhook behind a proxy that is configured as the guide says. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { IpNetwork } from "effect/net"
import { readFileSync } from "node:fs"
import { carriers } from "./carriers.ts"
import { layerServer, request } from "./server.ts"

const guide = readFileSync(`${import.meta.dirname}/../../docs/guides/deploying.md`, "utf8")

const twilio = carriers[0]!
const path = "/webhooks/sms/twilio/inbound"

/** What nginx puts in the place of its variables, for a webhook of Twilio to https://sms.example.com. */
const variables: Readonly<Record<string, string>> = {
  $host: "sms.example.com",
  $scheme: "https",
  $proxy_add_x_forwarded_for: "203.0.113.9",
  $request_id: "5f3a9c",
  "\"\"": ""
}

/** The headers of Caddy's `reverse_proxy` without options. */
const caddy = {
  "Host": "sms.example.com",
  "X-Forwarded-For": "203.0.113.9",
  "X-Forwarded-Proto": "https",
  "X-Forwarded-Host": "sms.example.com"
}

const nginx = () => {
  const [, location = ""] = /location \/ \{([^}]*)\}/.exec(guide)!
  const lines = [...location.matchAll(/proxy_set_header (\S+) (\S+);/g)]
  return Object.fromEntries(lines.map(([, name, value]) => [name!, variables[value!] ?? assert.fail(value)]))
}

/** Twilio signs the public URL, and the proxy sends this to the server. */
const forward = Effect.fnUntraced(function*(headers: Readonly<Record<string, string>>) {
  const wire = yield* twilio.sign({ base: "https://sms.example.com", path, body: twilio.sms("SM1") })
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const)
  const set = Object.fromEntries(lower.filter(([, value]) => value !== ""))
  return yield* request({ ...wire, headers: { ...wire.headers, ...set } })
})

const [trusted = ""] = /(?<=TRUSTED_PROXIES=)127[\d.]+/.exec(guide) ?? []

const servers = {
  "TRUSTED_PROXIES": layerServer({
    publicUrl: undefined,
    trustedProxies: [IpNetwork.fromStringUnsafe(`${trusted}/32`)]
  }),
  "PUBLIC_URL": layerServer({ publicUrl: "https://sms.example.com" })
}

describe("the guide to deploying", () => {
  for (const [variable, server] of Object.entries(servers)) {
    for (const [proxy, headers] of Object.entries({ nginx: nginx(), caddy })) {
      it.effect(`verifies webhooks behind ${proxy} with ${variable}`, () =>
        Effect.gen(function*() {
          assert.strictEqual((yield* forward(headers)).status, 200)
        }).pipe(Effect.provide(server)))
    }
  }

  it.effect("needs one of them, because Twilio signs the public URL", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* forward(nginx())).status, 403)
    }).pipe(Effect.provide(layerServer({ publicUrl: undefined }))))

  it.effect("passes the id of nginx's request on", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* forward(nginx())).headers["x-request-id"], variables["$request_id"])
    }).pipe(Effect.provide(servers["PUBLIC_URL"])))

  it("gives nginx no path that it would write anew", () => {
    const passes = [...guide.matchAll(/proxy_pass (\S+);/g)].map(([, url]) => url!)
    assert.isAbove(passes.length, 0)
    for (const url of passes) assert.match(url, /^http:\/\/[^/]+$/)
  })
})
