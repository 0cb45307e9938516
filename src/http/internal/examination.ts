/**
 * Finds every variable that is wrong, where reading the configuration ends at
 * the first one.
 */
import type * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type * as Carrier from "../../provider/Carrier.ts"
import type { InvalidVariable } from "../../provider/Environment.ts"
import * as ServerConfig from "../ServerConfig.ts"
import * as TelemetryConfig from "../TelemetryConfig.ts"
import * as SetVariables from "./setVariables.ts"

/** What is configured. */
export interface Examination {
  readonly wrong: ReadonlyArray<InvalidVariable>
  /** The configuration without the wrong variables. `undefined` when it cannot be read without them either. */
  readonly config: ServerConfig.ServerConfig | undefined
  /** The source of the variables without the wrong ones. */
  readonly source: ConfigProvider.ConfigProvider
  /** The carriers that have a variable with a value. */
  readonly carriers: ReadonlyArray<Carrier.Any>
  /** The names of the variables that have a value. */
  readonly names: ReadonlySet<string>
}

const withoutValue = (node: ConfigProvider.Node | undefined): ConfigProvider.Node | undefined => {
  switch (node?._tag) {
    case "Record":
      return ConfigProvider.makeRecord(node.keys)
    case "Array":
      return ConfigProvider.makeArray(node.length)
    default:
      return undefined
  }
}

/** Builds a source without these variables. */
const hiding = (source: ConfigProvider.ConfigProvider, hidden: ReadonlySet<string>): ConfigProvider.ConfigProvider =>
  ConfigProvider.make((path) =>
    hidden.has(path.join("_")) ? Effect.map(source.load(path), withoutValue) : source.load(path)
  )

/** Reads all that a server reads, and makes the providers, which refuse some values too. */
const read = Effect.fnUntraced(function*(carriers: ReadonlyArray<Carrier.Lazy>) {
  yield* TelemetryConfig.load(false)
  const config = yield* ServerConfig.load(carriers)
  for (const layer of config.providers.values()) yield* Effect.scoped(Layer.build(layer))
  return config
})

const namesIn = (text: string): ReadonlyArray<string> => text.match(/\b[A-Z][A-Z\d]*_[A-Z\d_]+\b/g) ?? []

/**
 * Reads the configuration again and again, each time without the variables that
 * were wrong before: the wrong one, or those that need one that is missing.
 */
export const examine = Effect.fnUntraced(function*(
  carriers: ReadonlyArray<Carrier.Lazy>
): Effect.fn.Return<Examination, Config.ConfigError, Carrier.Services | HttpClient.HttpClient> {
  const original = yield* ConfigProvider.ConfigProvider
  const all = yield* SetVariables.readNames
  const names = new Set([...all].flatMap(([name, hasValue]) => hasValue ? [name] : []))
  const hidden = new Set<string>()
  const wrong = new Map<string, InvalidVariable>()
  const source = hiding(original, hidden)
  const isShown = (name: string) => names.has(name) && !hidden.has(name)
  const readOnce = Effect.provideService(Effect.result(read(carriers)), ConfigProvider.ConfigProvider, source)
  const result: Omit<Examination, "config" | "wrong"> = {
    source,
    names,
    carriers: yield* SetVariables.loadCarriers(
      carriers,
      new Map([...names].map((name) => [name, true])),
      SetVariables.startsWith
    )
  }
  while (true) {
    const attempt = yield* readOnce
    if (attempt._tag === "Success") return { ...result, wrong: [...wrong.values()], config: attempt.success }
    const { failure } = attempt
    if (failure._tag === "ConfigError") return yield* Effect.fail(failure)
    const { problem, variable } = failure
    // A hidden variable is missing because of this.
    if (!hidden.has(variable) && !wrong.has(variable)) wrong.set(variable, failure)
    const family = `${variable.split("_")[0]}_`
    const involved = [
      [variable].filter(isShown),
      namesIn(problem).filter(isShown),
      [...names].filter((name) => name.startsWith(family) && isShown(name))
    ].find((group) => group.length > 0)
    if (involved === undefined) return { ...result, wrong: [...wrong.values()], config: undefined }
    for (const name of involved) hidden.add(name)
  }
})
