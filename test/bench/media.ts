/**
 * Media re-hosting, measured against a plain `fetch` to disk: see README.md.
 *
 * Run as `node --conditions=effect-sms/source test/bench/media.ts`, with
 * - `--quick`: fewer files and rounds,
 * - `--rounds`, `--files`, `--bytes`: other numbers than these,
 * - `--only`: the name of a contender, more than once for several,
 * - `--json <file>`: every measurement and its circumstances.
 */
import { execFile, spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { once } from "node:events"
import { createReadStream } from "node:fs"
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises"
import { availableParallelism, cpus, loadavg, tmpdir, totalmem } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline/promises"
import { pipeline } from "node:stream/promises"
import { parseArgs, promisify } from "node:util"
import { digestsOf } from "./media/files.ts"
import type { Measurement, Task } from "./media/measure.ts"
import { type Run, summaryOf, tableOf } from "./media/report.ts"

const run = promisify(execFile)

/** By name. All others are compared with the first. */
const contenders: Readonly<Record<string, string>> = {
  "plain fetch": "plain.ts",
  "plain fetch, SHA-256, fsync": "plainStored.ts",
  "MediaRehosting": "rehosting.ts"
}

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    files: { type: "string" },
    bytes: { type: "string" },
    only: { type: "string", multiple: true },
    json: { type: "string" }
  }
})

const rounds = Number(options.rounds ?? (options.quick ? 3 : 7))
const files = Number(options.files ?? (options.quick ? 25 : 100))
// The largest message of the carriers: https://www.twilio.com/docs/messaging/api/media-resource
const bytes = Number(options.bytes ?? 5_000_000)
const warmUp = Math.ceil(files / 10)

const names = options.only ?? Object.keys(contenders)
const unknown = names.filter((name) => !Object.hasOwn(contenders, name))
if (unknown.length > 0) throw new Error(`No contender is named ${unknown.join(" or ")}`)

// So that what was written is removed, whenever the benchmark ends.
const stop = new AbortController()
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => stop.abort())

const script = (file: string) => join(import.meta.dirname, "media", file)

const node = ["--conditions=effect-sms/source"]

/** The media host, in a process of its own that ends with this one. */
const startCarrier = async () => {
  const child = spawn(process.execPath, [...node, script("carrier.ts"), String(bytes)], {
    stdio: ["pipe", "pipe", "inherit"]
  })
  const lines = createInterface({ input: child.stdout })
  const [port] = await once(lines, "line")
  return {
    origin: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      child.stdin.end()
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit")
    }
  }
}

const temporaryDirectory = async () => {
  const path = await mkdtemp(join(tmpdir(), "effect-sms-bench-"))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

/** A store may write something of its own before the bytes. */
const mostBefore = 1024

/** The SHA-256 of the bytes that the carrier sent, if the file is as long as one of its. */
const digestOf = async (file: string): Promise<string | undefined> => {
  const start = (await stat(file)).size - bytes
  if (start < 0 || start > mostBefore) return undefined
  const hash = createHash("sha256")
  await pipeline(createReadStream(file, { start }), hash)
  return hash.digest("hex")
}

const expected = digestsOf(warmUp, files, bytes)

/** A contender that lost or mixed up bytes must not be the fastest. */
const check = async (name: string, directory: string): Promise<void> => {
  const found: Array<string> = []
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const digest = entry.isFile() ? await digestOf(join(entry.parentPath, entry.name)) : undefined
    if (digest !== undefined) found.push(digest)
  }
  if (found.sort().join() !== expected.join()) throw new Error(`${name} did not store what the carrier sent`)
}

const measure = async (name: string, origin: string): Promise<Run> => {
  await using parent = await temporaryDirectory()
  const task: Task = {
    origin,
    directory: join(parent.path, "files"),
    warmUpDirectory: join(parent.path, "warm-up"),
    first: warmUp,
    files
  }
  await mkdir(task.directory)
  await mkdir(task.warmUpDirectory)
  const loadAverage = loadavg()[0] ?? NaN
  const { stdout } = await run(process.execPath, [...node, script(contenders[name] ?? ""), JSON.stringify(task)], {
    signal: stop.signal
  })
  await check(name, task.directory)
  const measurement: Measurement = JSON.parse(stdout.trim().split("\n").at(-1) ?? "")
  return { ...measurement, loadAverage }
}

const runs = new Map<string, Array<Run>>(names.map((name) => [name, []]))

await using carrier = await startCarrier()

for (let round = 0; round < rounds; round++) {
  // Every round begins with another, so that none always comes after the same.
  for (let i = 0; i < names.length; i++) {
    const name = names[(round + i) % names.length] ?? ""
    const measured = await measure(name, carrier.origin)
    runs.get(name)?.push(measured)
    console.error(
      `round ${round + 1}/${rounds}  ${name}: ${measured.seconds.toFixed(2)} s, `
        + `${(measured.peakRss / 2 ** 20).toFixed(0)} MiB (load ${measured.loadAverage.toFixed(1)})`
    )
  }
}

const summaries = [...runs].map(([name, measured]) => summaryOf(name, files * bytes, measured))

const loads = [...runs.values()].flatMap((measured) => measured.map(({ loadAverage }) => loadAverage))

const circumstances = {
  date: new Date().toISOString().slice(0, 10),
  files,
  bytes,
  rounds,
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
  processor: cpus()[0]?.model ?? "unknown",
  cores: availableParallelism(),
  memoryMiB: Math.round(totalmem() / 2 ** 20)
}

console.log(
  `${files} files of ${bytes / 1e6} MB at once, ${rounds} rounds, ${circumstances.date}, Node ${circumstances.node}, `
    + `${circumstances.cores} cores, load ${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}. `
    + "Medians (least to most); the ratios are of medians.\n"
)
console.log(tableOf(summaries))

if (options.json !== undefined) {
  await writeFile(
    options.json,
    `${JSON.stringify({ circumstances, summaries, runs: Object.fromEntries(runs) }, null, 2)}\n`
  )
}
