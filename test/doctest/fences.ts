/**
 * Finds the programs in documentation and makes modules of them.
 *
 * A fence tagged `ts` is type-checked, and one tagged `ts run` is also run. In
 * it, `expression // => value` says what the expression is equal to. An
 * expression may span lines if its inner lines are indented, and a value may
 * go on in the comments below it as long as a bracket is open.
 */

export interface Fence {
  readonly file: string
  /** The line of its first line of code, from 1. */
  readonly line: number
  readonly run: boolean
  readonly code: ReadonlyArray<string>
}

const opening = /^(\s*(?:\* ?)?)```ts( run)?$/

/** The fences of a Markdown file, or of the doc comments of a TypeScript file. */
export const fencesOf = (file: string, text: string): ReadonlyArray<Fence> => {
  const lines = text.split("\n")
  return lines.flatMap((line, index) => {
    const match = opening.exec(line)
    if (match === null || match[1]!.includes("*") !== file.endsWith(".ts")) return []
    const [, prefix, run] = match
    const length = lines.slice(index + 1).findIndex((line) => line.trim() === `${prefix!.trim()} \`\`\``.trim())
    const code = lines.slice(index + 1, index + 1 + length).map((line) => line.slice(prefix!.length))
    return [{ file, line: index + 2, run: run !== undefined, code }]
  })
}

const arrow = /^(.*?)\s*\/\/ => (.*)$/

const isOpen = (value: string) => (value.match(/[([{]/g) ?? []).length > (value.match(/[)\]}]/g) ?? []).length

/** A module with each expectation as a call of `expectEqual`, and each line where it was. */
export const moduleOf = (fence: Fence): string => {
  const lines = [...fence.code]
  for (let index = 0; index < lines.length; index++) {
    const match = arrow.exec(lines[index]!)
    if (match === null) continue
    const [, end, firstLine] = match
    let value = firstLine!
    for (let next = index + 1; isOpen(value) && lines[next]?.startsWith("//"); next++) {
      value += lines[next]!.slice(2)
      lines[next] = ""
    }
    lines[index] = end!
    let start = index
    while (start > 0 && /^[\s)\]}.]/.test(lines[start]!)) start--
    const name = /^const (\w+)/.exec(lines[start]!)?.[1]
    if (name === undefined) {
      lines[start] = `expectEqual(${lines[start]}`
      lines[index] += `, ${value})`
    } else lines[index] += `; expectEqual(${name}, ${value})`
  }
  return [
    ...Array.from({ length: fence.line - 1 }, () => ""),
    ...lines,
    `import { expectEqual } from "${import.meta.dirname}/expectEqual.ts"`,
    "void expectEqual",
    ""
  ].join("\n")
}
