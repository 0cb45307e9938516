/**
 * Puts results where people read them: tables and a chart into README.md,
 * between two marks for each measure.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { chart } from "./chart.ts"
import type { Result } from "./Measure.ts"
import { numbers, ratios } from "./table.ts"

export interface Machine {
  readonly date: string
  readonly node: string
  readonly cores: number
  readonly processor: string
  readonly memoryMiB: number
  readonly quick: boolean
}

const words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight"]

/** The machine in words. Its absolute numbers mean little elsewhere. */
const described = ({ cores, date, memoryMiB, node, processor, quick }: Machine): string =>
  [
    date,
    `Node ${node.slice(1).split(".", 1)[0]}`,
    `a virtual machine with ${words[cores] ?? cores} shared cores (${processor}) and ${
      Math.round(memoryMiB / 1024)
    } GiB`,
    ...quick ? ["`--quick`"] : []
  ].join(", ") + "."

const section = (name: string, result: Result, machine: Machine): string =>
  [
    `![${result.title}, as ratios](charts/${name}.svg)`,
    described(machine),
    ratios(result),
    numbers(result)
  ].join("\n\n")

const between = (readme: string, name: string, text: string): string => {
  const [start, end] = [`<!-- results of ${name} -->`, `<!-- end of ${name} -->`]
  const from = readme.indexOf(start)
  const to = readme.indexOf(end)
  if (from === -1 || to < from) throw new Error(`README.md has no place for the results of ${name}`)
  return `${readme.slice(0, from + start.length)}\n\n${text}\n\n${readme.slice(to)}`
}

export const write = async (
  directory: string,
  results: ReadonlyMap<string, Result>,
  machine: Machine
): Promise<void> => {
  const file = join(directory, "README.md")
  let readme = await readFile(file, "utf8")
  await mkdir(join(directory, "charts"), { recursive: true })
  for (const [name, result] of results) {
    readme = between(readme, name, section(name, result, machine))
    await writeFile(join(directory, "charts", `${name}.svg`), chart(result))
  }
  await writeFile(file, readme)
}
