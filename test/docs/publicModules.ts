/**
 * The modules that the entries of the package lead to, as they are imported:
 * the namespaces of an index, and every other entry.
 */
import { readFileSync } from "node:fs"
import { posix } from "node:path"
import manifest from "../../package.json" with { type: "json" }

const root = `${import.meta.dirname}/../..`

const read = (file: string) => readFileSync(`${root}/${file}`, "utf8")

/** Whether a file only passes on what other files export. */
const isIndex = (file: string) => file.endsWith("/index.ts")

/** The files whose exports a file passes on, and whether only some of them or as a namespace. */
const passedOn = (file: string): ReadonlyArray<readonly [file: string, isNamed: boolean]> =>
  [...read(file).matchAll(/^export (\*(?: as \w+)?|(?:type )?\{[^}]*\}) from "(\.[^"]+)"/gm)].map(([, what, path]) =>
    [posix.join(posix.dirname(file), path!), what !== "*"] as const
  )

const namespaces = (file: string): ReadonlyArray<string> =>
  passedOn(file).flatMap(([target]) => isIndex(target) ? namespacesOf(target) : [target])

/** An index of a carrier has exports of its own beside those of other files. */
const namespacesOf = (file: string): ReadonlyArray<string> =>
  /^export const/m.test(read(file)) ? [file] : namespaces(file)

const entries = Object.values<unknown>(manifest.exports).flatMap((target) => {
  const source = typeof target === "object" && target !== null && "effect-sms/source" in target
    ? String(target["effect-sms/source"])
    : ""
  return source === "" || source.includes("*") ? [] : [source.slice(2)]
})

/** Each module with its text, and with that of the files whose exports are all its own. */
export const publicModules: ReadonlyMap<string, string> = new Map(
  [...new Set(entries.flatMap((file) => isIndex(file) ? namespacesOf(file) : [file]))]
    .filter((file) => !file.startsWith("src/cli/"))
    .sort()
    .map((file) => [
      file,
      [file, ...passedOn(file).flatMap(([target, isNamed]) => isNamed ? [] : [target])].map(read).join("\n")
    ])
)
