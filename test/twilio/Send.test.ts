import { NodeCrypto } from "@effect/platform-node"
import { Layer, Redacted } from "effect"
import * as SendSuite from "../../src/testing/SendSuite.ts"
import * as Twilio from "../../src/twilio/index.ts"
import { queryFixtures, refusalFixtures, sendFixtures } from "../fixtures.ts"

const accountSid = "AC0123456789abcdef0123456789abcdef"
const token = "t0psecret-token"
const options = { accountSid, authToken: Redacted.make(token) }

SendSuite.suite({
  name: "twilio",
  queries: {
    headers: { accept: "application/json", authorization: `Basic ${btoa(`${accountSid}:${token}`)}` },
    ...queryFixtures("twilio")
  },
  fixtures: sendFixtures("twilio"),
  refusals: refusalFixtures("twilio"),
  layer: (more) => Twilio.layer({ ...options, ...more }).pipe(Layer.provide(NodeCrypto.layer)),
  secrets: [token],
  accepts: (id) => ({ status: 201, body: { sid: id, status: "queued", num_segments: "1", from: "+15145550100" } }),
  textOf: ({ body }) => new URLSearchParams(body).get("Body") ?? ""
})
