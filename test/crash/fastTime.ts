/**
 * Loaded into a program before its own modules: its time is that of a file,
 * which other programs share. It runs faster than the clock of the machine, and
 * jumps when the file has changed and the process gets SIGUSR2. Timers run by
 * it. What is measured without a wall clock, such as heartbeats, does not.
 */
import { readFileSync } from "node:fs"

export interface Pace {
  /** A time of the machine, in epoch milliseconds. */
  readonly at: number
  /** The time of the programs then. */
  readonly time: number
  /** How much faster it runs from then on. */
  readonly rate: number
}

const file = process.env["FAST_TIME"]!
const machineTime = Date.now
const read = (): Pace => JSON.parse(readFileSync(file, "utf8"))

let pace = read()
Date.now = () => Math.round(pace.time + (machineTime() - pace.at) * pace.rate)

interface Timer {
  readonly due: number
  readonly handle: NodeJS.Timeout & { _idleTimeout: number }
}

const timers = new Map<unknown, Timer>()
const { clearTimeout: clear, setTimeout: set } = globalThis

const remaining = (due: number): number => Math.max(1, Math.trunc((due - Date.now()) / pace.rate))

const setFast = (callback: (...args: Array<unknown>) => void, delay = 0, ...args: Array<unknown>) => {
  const due = Date.now() + delay
  const handle = set(() => {
    timers.delete(handle)
    // It may be started again.
    handle._idleTimeout = Math.max(1, Math.trunc(delay / pace.rate))
    callback(...args)
  }, remaining(due)) as Timer["handle"]
  timers.set(handle, { due, handle })
  return handle
}

// Without what promisifies it, which nobody here uses.
globalThis.setTimeout = setFast as unknown as typeof setTimeout
globalThis.clearTimeout = ((handle: NodeJS.Timeout | undefined) => {
  timers.delete(handle)
  clear(handle)
}) as typeof clearTimeout

process.on("SIGUSR2", () => {
  pace = read()
  for (const { due, handle } of timers.values()) {
    handle._idleTimeout = remaining(due)
    handle.refresh()
  }
})
