import { NodeCrypto } from "@effect/platform-node"
import { Layer } from "effect"
import { layerMemory } from "../../src/forward/ForwardStore.ts"
import { suite } from "../suites/ForwardStoreSuite.ts"

suite("memory", Layer.provide(layerMemory, NodeCrypto.layer))
