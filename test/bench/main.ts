/**
 * All measures, or some: see README.md.
 *
 * Run as `npm run bench`, with
 * - `--quick`: fewer and shorter rounds,
 * - `--only <measure>`: more than once for several,
 * - `--json <file>`: where every sample goes,
 * - `--write`: puts tables and charts into README.md.
 */
import { fork } from "node:child_process"
import { once } from "node:events"
import { mkdir, readdir, writeFile } from "node:fs/promises"
import { availableParallelism, cpus, loadavg, totalmem } from "node:os"
import { dirname, join } from "node:path"
import { parseArgs } from "node:util"
import type { Result, Setting } from "./harness/Measure.ts"
import { write } from "./harness/readme.ts"
import { comparisonsOf } from "./harness/stats.ts"
import { numbers, ratios } from "./harness/table.ts"

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string", multiple: true },
    json: { type: "string", default: join(import.meta.dirname, "../../.test-output/bench.json") },
    write: { type: "boolean", default: false }
  }
})

const known = (await readdir(join(import.meta.dirname, "measures")))
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.slice(0, -".ts".length))

const names = options.only ?? known
const unknown = names.filter((name) => !known.includes(name))
if (unknown.length > 0) throw new Error(`No measure is named ${unknown.join(" or ")}; there are ${known.join(", ")}`)

const setting: Setting = { quick: options.quick }

const measure = async (name: string): Promise<Result> => {
  const child = fork(join(import.meta.dirname, "harness/child.ts"), [name, JSON.stringify(setting)], {
    execArgv: ["--expose-gc"]
  })
  const results: Array<Result> = []
  child.on("message", (message: Result) => results.push(message))
  const [code, signal] = await once(child, "exit")
  const [result] = results
  if (code !== 0 || result === undefined) throw new Error(`The measure ${name} failed: ${signal ?? code}`)
  return result
}

const machine = {
  date: new Date().toISOString().slice(0, 10),
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
  processor: cpus()[0]?.model ?? "unknown",
  cores: availableParallelism(),
  memoryMiB: Math.round(totalmem() / 2 ** 20),
  quick: options.quick
}

const results = new Map<string, Result>()

for (const name of names) {
  const result = await measure(name)
  results.set(name, result)
  console.log(`\n## ${result.title}\n\n${ratios(result)}\n\n${numbers(result)}\n`)
}

const missed = [...results.values()].flatMap(comparisonsOf).filter(({ outcome }) => outcome === "missed")
console.log(
  `${machine.date}, Node ${machine.node}, ${machine.cores} cores, load ${loadavg()[0]!.toFixed(1)}. `
    + "Medians, and in parentheses the quartiles; each ratio is of one round. "
    + (missed.length === 0 ? "Every aim is met." : `Missed: ${missed.map(({ name }) => name).join("; ")}.`)
)

await mkdir(dirname(options.json), { recursive: true })
await writeFile(options.json, `${JSON.stringify({ machine, results: Object.fromEntries(results) }, null, 2)}\n`)
if (options.write) await write(import.meta.dirname, results, machine)
