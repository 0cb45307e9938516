/**
 * Media re-hosting, against a plain `fetch` to disk: files of 5 MB, all at
 * once, from a carrier's media host to the disk.
 */
import { execFile, spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { once } from "node:events"
import { createReadStream } from "node:fs"
import { mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline/promises"
import { pipeline } from "node:stream/promises"
import { promisify } from "node:util"
import type { Contender, Measure } from "../harness/Measure.ts"
import { digestsOf } from "../media/files.ts"
import type { Measurement, Task } from "../media/measure.ts"

const run = promisify(execFile)

/** By name, the program. */
const programs: Readonly<Record<string, string>> = {
  "plain fetch": "plain.ts",
  "plain fetch, SHA-256, fsync": "plainStored.ts",
  "MediaRehosting": "rehosting.ts"
}

// The largest message of the carriers: https://www.twilio.com/docs/messaging/api/media-resource
const bytes = 5_000_000

const script = (file: string) => join(import.meta.dirname, "../media", file)

/** The media host, in a process of its own that ends with this one. */
const startCarrier = async () => {
  const child = spawn(process.execPath, [script("carrier.ts"), String(bytes)], { stdio: ["pipe", "pipe", "inherit"] })
  const lines = createInterface({ input: child.stdout })
  const [port] = await once(lines, "line")
  return {
    origin: `http://127.0.0.1:${port}`,
    end: async () => {
      child.stdin.end()
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit")
    }
  }
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

/** A contender that lost or mixed up bytes must not be the fastest. */
const check = async (name: string, directory: string, expected: ReadonlyArray<string>): Promise<void> => {
  const found: Array<string> = []
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const digest = entry.isFile() ? await digestOf(join(entry.parentPath, entry.name)) : undefined
    if (digest !== undefined) found.push(digest)
  }
  if (found.sort().join() !== expected.join()) throw new Error(`${name} did not store what the carrier sent`)
}

const mebibytes = (bytes: number): number => bytes / 2 ** 20

const row = (metric: string, theirs: string) => ({
  name: `${metric}, against ${theirs}`,
  metric,
  ours: "MediaRehosting",
  theirs
})

export const measure: Measure = {
  title: "Media re-hosting",
  metrics: {
    wall: { unit: "s", better: "less", digits: 2 },
    throughput: { unit: "MB/s", better: "more", digits: 0 },
    CPU: { unit: "s", better: "less", digits: 2 },
    idle: { unit: "MiB", better: "less", digits: 0 },
    peak: { unit: "MiB", better: "less", digits: 0 },
    growth: { unit: "MiB", better: "less", digits: 0 }
  },
  rows: [
    row("wall", "plain fetch"),
    row("wall", "plain fetch, SHA-256, fsync"),
    row("CPU", "plain fetch, SHA-256, fsync"),
    row("peak", "plain fetch, SHA-256, fsync"),
    row("growth", "plain fetch, SHA-256, fsync")
  ],
  rounds: ({ quick }) => quick ? 3 : 7,
  prepare: async ({ quick }) => {
    const files = quick ? 25 : 100
    const warmUp = Math.ceil(files / 10)
    const expected = digestsOf(warmUp, files, bytes)
    const carrier = await startCarrier()

    const contender = (name: string, program: string): Contender => async () => {
      const parent = await mkdtemp(join(tmpdir(), "effect-sms-bench-"))
      try {
        const task: Task = {
          origin: carrier.origin,
          directory: join(parent, "files"),
          warmUpDirectory: join(parent, "warm-up"),
          first: warmUp,
          files
        }
        await mkdir(task.directory)
        await mkdir(task.warmUpDirectory)
        const { stdout } = await run(process.execPath, [script(program), JSON.stringify(task)])
        await check(name, task.directory, expected)
        const { cpuSeconds, idleRss, peakRss, seconds }: Measurement = JSON.parse(stdout.trim().split("\n").at(-1)!)
        return {
          wall: seconds,
          throughput: files * bytes / 1e6 / seconds,
          CPU: cpuSeconds,
          idle: mebibytes(idleRss),
          peak: mebibytes(peakRss),
          growth: mebibytes(peakRss - idleRss)
        }
      } finally {
        await rm(parent, { recursive: true })
      }
    }
    return {
      contenders: Object.fromEntries(
        Object.entries(programs).map(([name, program]) => [name, contender(name, program)])
      ),
      tearDown: carrier.end
    }
  }
}
