import { NodeCrypto } from "@effect/platform-node"
import { Layer } from "effect"
import * as IntentStore from "../../src/sending/IntentStore.ts"
import { suite } from "../suites/IntentStoreSuite.ts"

suite("memory", Layer.provide(IntentStore.layerMemory(), NodeCrypto.layer))
