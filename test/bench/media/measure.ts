/**
 * What every contender has in common: its task, and how it is measured.
 */

/** What a contender is told, as JSON in its first argument. */
export interface Task {
  /** Where the files are, as in `http://127.0.0.1:40000`. */
  readonly origin: string
  /** An empty directory for the files that are measured. */
  readonly directory: string
  /** An empty directory for the files before. */
  readonly warmUpDirectory: string
  /** The number of the first file that is measured. Those before are to warm up. */
  readonly first: number
  /** How many files, all at once. */
  readonly files: number
}

/** What a contender says, as JSON in its last line. */
export interface Measurement {
  /** From the first request to the last file in its place. */
  readonly seconds: number
  /** Of all threads, in user and system mode. */
  readonly cpuSeconds: number
  /** In bytes, before the files that are measured. */
  readonly idleRss: number
  /** In bytes, of the process from its start. */
  readonly peakRss: number
}

/** Fetches the files with these numbers, all at once, into the directory. */
export type FetchAll = (numbers: ReadonlyArray<number>, directory: string) => Promise<void>

/** The URL of the file with this number. */
export type UrlOf = (number: number) => string

export const measure = async (prepare: (origin: string, urlOf: UrlOf) => FetchAll): Promise<void> => {
  const task: Task = JSON.parse(process.argv[2] ?? "")
  const fetchAll = prepare(task.origin, (number) => `${task.origin}/${number}.jpg`)
  // Once before, so that the compiler of the engine has seen the code.
  await fetchAll(Array.from({ length: task.first }, (_, i) => i), task.warmUpDirectory)
  const idleRss = process.memoryUsage.rss()
  const cpu = process.cpuUsage()
  const start = performance.now()
  await fetchAll(Array.from({ length: task.files }, (_, i) => task.first + i), task.directory)
  const seconds = (performance.now() - start) / 1000
  const { system, user } = process.cpuUsage(cpu)
  const measurement: Measurement = {
    seconds,
    cpuSeconds: (user + system) / 1e6,
    idleRss,
    // In KiB on every system, says Node's manual of process.resourceUsage.
    peakRss: process.resourceUsage().maxRSS * 1024
  }
  console.log(JSON.stringify(measurement))
}
