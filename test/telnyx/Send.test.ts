import { NodeCrypto } from "@effect/platform-node"
import { Layer, Redacted } from "effect"
import * as Telnyx from "../../src/telnyx/index.ts"
import * as SendSuite from "../../src/testing/SendSuite.ts"
import { queryFixtures, refusalFixtures, sendFixtures } from "../fixtures.ts"
import { publicKey } from "./keys.ts"

const apiKey = "KEY0123456789_t0psecret"

SendSuite.suite({
  name: "telnyx",
  queries: { headers: { accept: "application/json", authorization: `Bearer ${apiKey}` }, ...queryFixtures("telnyx") },
  fixtures: sendFixtures("telnyx"),
  refusals: refusalFixtures("telnyx"),
  layer: (more) =>
    Telnyx.layer({ publicKey, apiKey: Redacted.make(apiKey), ...more }).pipe(Layer.provide(NodeCrypto.layer)),
  secrets: [apiKey],
  accepts: (id) => ({
    status: 200,
    body: {
      data: {
        id,
        from: { phone_number: "+15145550100" },
        to: [{ phone_number: "+15145550142", status: "queued" }],
        parts: 1
      }
    }
  }),
  textOf: ({ body }) => JSON.parse(body).text ?? ""
})
