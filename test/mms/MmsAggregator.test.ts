import { TestClock } from "effect/testing"
import * as MmsAggregator from "../../src/MmsAggregator.ts"
import * as Model from "../suites/MmsAggregatorModel.ts"
import { suite } from "../suites/MmsAggregatorSuite.ts"

suite({ name: "memory", layer: MmsAggregator.layerMemory, advance: TestClock.adjust, durable: false })

Model.suite({ name: "memory", layer: MmsAggregator.layerMemory, advance: TestClock.adjust, runs: 300 })
