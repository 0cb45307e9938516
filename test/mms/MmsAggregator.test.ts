import { TestClock } from "effect/testing"
import * as MmsAggregator from "../../src/mms/MmsAggregator.ts"
import { model } from "../suites/MmsAggregatorModel.ts"
import { type Subject, suite } from "../suites/MmsAggregatorSuite.ts"

const memory: Subject = {
  name: "memory",
  layer: MmsAggregator.layerMemory,
  advance: TestClock.adjust,
  durable: false
}

suite(memory)
model(memory)
