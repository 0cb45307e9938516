/**
 * One measure, in a process of its own: what another one left on the heap, or
 * taught the compiler of the engine, must not count.
 *
 * Started with an IPC channel as `node child.ts <measure> <setting as JSON>`.
 */
import { type Measure, run } from "./Measure.ts"

const [name = "", setting = "{}"] = process.argv.slice(2)

const { measure }: { readonly measure: Measure } = await import(`../measures/${name}.ts`)

const result = await run(measure, JSON.parse(setting), (line) => console.error(`${name}: ${line}`))

process.send?.(result, undefined, {}, () => process.disconnect())
