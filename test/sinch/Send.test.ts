import { NodeCrypto } from "@effect/platform-node"
import { Layer, Redacted } from "effect"
import * as Sinch from "../../src/sinch/index.ts"
import * as SendSuite from "../../src/testing/SendSuite.ts"
import { queryFixtures, refusalFixtures, sendFixtures } from "../fixtures.ts"

const apiToken = "t0psecret-token"

SendSuite.suite({
  name: "sinch",
  queries: { headers: { accept: "application/json", authorization: `Bearer ${apiToken}` }, ...queryFixtures("sinch") },
  fixtures: sendFixtures("sinch"),
  refusals: refusalFixtures("sinch"),
  layer: (more) =>
    Sinch.layer({
      verification: Sinch.unsigned,
      servicePlanId: "0123456789abcdef",
      apiToken: Redacted.make(apiToken),
      region: "us",
      ...more
    }).pipe(Layer.provide(NodeCrypto.layer)),
  secrets: [apiToken],
  accepts: (id) => ({ status: 201, body: { id, to: ["15145550142"], from: "15145550100", canceled: "False" } }),
  textOf: (request) => {
    const { body, type } = JSON.parse(request.body)
    return type === "mt_media" ? body.message ?? "" : body
  }
})
