/**
 * The channels and hooks of the application, without carriers and storage:
 * `main.ts` runs it with the real ones, and the tests with others.
 */
import { Layer } from "effect"
import { Assistant } from "./Assistant.ts"
import { HideCardNumbers } from "./HideCardNumbers.ts"
import * as Model from "./Model.ts"

export const Application = Layer.merge(HideCardNumbers, Layer.provide(Assistant, Model.layer))
