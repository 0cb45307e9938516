import { NodeCrypto } from "@effect/platform-node"
import { Layer } from "effect"
import * as InboxMemory from "../../src/inbox/InboxMemory.ts"
import { suite } from "../suites/InboxSuite.ts"

suite("memory", Layer.provide(InboxMemory.layer, NodeCrypto.layer))
