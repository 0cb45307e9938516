import { NodeCrypto } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { layerMemory } from "../../../src/media/MediaStore.ts"
import { suite } from "../../suites/MediaStoreSuite.ts"

suite({
  name: "memory",
  precision: 0,
  place: Effect.succeed({
    layer: (options) =>
      layerMemory({ ...options, baseUrl: "https://sms.example.com/media" }).pipe(Layer.provide(NodeCrypto.layer))
  })
})
