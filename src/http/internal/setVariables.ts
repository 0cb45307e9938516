/**
 * The environment variables that are set, and the carriers that they are of.
 */
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import type * as Carrier from "../../provider/Carrier.ts"

/** Returns the prefix of a carrier's variables. */
export const prefixOf = ({ name }: Pick<Carrier.Lazy, "name">): string => `${name.toUpperCase()}_`

/** Reads the names of all variables that are set, and whether each has a value. */
export const readNames = Effect.gen(function*() {
  const provider = yield* ConfigProvider.ConfigProvider
  const names = new Map<string, boolean>()
  // Environments split names at `_`, other sources do not.
  const walk = Effect.fnUntraced(function*(
    path: ReadonlyArray<string>
  ): Effect.fn.Return<void, ConfigProvider.SourceError> {
    const node = yield* provider.load([...path])
    if (node?.value !== undefined) names.set(path.join("_"), node.value.trim() !== "")
    else if (node === undefined && path.length > 0) names.set(path.join("_"), false)
    if (node?._tag === "Record") { for (const key of node.keys) yield* walk([...path, key]) }
    // Numbers are at the end: the highest stands for all.
    else if (node?._tag === "Array") names.set([...path, node.length - 1].join("_"), true)
  })
  yield* walk([])
  return names
}).pipe(Effect.mapError((cause) => new Config.ConfigError(cause)))

/** Loads the carriers that the environment has a variable of, by these rules. */
export const loadCarriers = (
  carriers: ReadonlyArray<Carrier.Lazy>,
  names: ReadonlyMap<string, boolean>,
  isOf: (name: string, prefix: string) => boolean
) =>
  Effect.forEach(
    carriers.filter((carrier) => [...names.keys()].some((name) => isOf(name, prefixOf(carrier)))),
    ({ load }) => load
  )

export const startsWith = (name: string, prefix: string): boolean => name.startsWith(prefix)
