import { NodeCrypto } from "@effect/platform-node"
import { Layer, Redacted } from "effect"
import * as Twilio from "../../src/twilio/index.ts"
import * as SmsSendSuite from "../suites/SmsSendSuite.ts"

const accountSid = "AC0123456789abcdef0123456789abcdef"
const token = "t0psecret-token"
const options = { accountSid, authToken: Redacted.make(token) }

SmsSendSuite.suite({
  name: "twilio",
  layer: (more) => Twilio.layer({ ...options, ...more }).pipe(Layer.provide(NodeCrypto.layer)),
  secrets: [token],
  accepts: (id) => ({ status: 201, body: { sid: id, status: "queued", num_segments: "1", from: "+15145550100" } }),
  textOf: ({ body }) => new URLSearchParams(body).get("Body") ?? ""
})
