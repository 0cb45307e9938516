import { afterAll, assert, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { resolve } from "node:path"
import { fencesOf, moduleOf } from "./fences.ts"

const root = resolve(import.meta.dirname, "../..")

const filesIn = (directory: string, extension: string) =>
  readdirSync(`${root}/${directory}`, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(extension))
    .map((file) => `${directory}/${file}`)
    .sort()

const files = ["README.md", ...filesIn("docs", ".md"), ...filesIn("src", ".md"), ...filesIn("src", ".ts")]
const fences = files.flatMap((file) => fencesOf(file, readFileSync(`${root}/${file}`, "utf8")))

// Inside the package, so that the modules can import it by its name.
mkdirSync(`${root}/.test-output`, { recursive: true })
const directory = mkdtempSync(`${root}/.test-output/doctest-`)
afterAll(() => rmSync(directory, { recursive: true }))

const write = (fence: typeof fences[number]): string => {
  const path = `${directory}/${fence.file.replaceAll("/", ".")}.${fence.line}.ts`
  writeFileSync(path, moduleOf(fence))
  return path
}

const typeCheck = (): string => {
  const tsconfig = {
    extends: "../../tsconfig.json",
    include: ["*.ts"],
    references: [],
    compilerOptions: {
      composite: false,
      noEmit: true,
      rewriteRelativeImportExtensions: false,
      allowImportingTsExtensions: true,
      noUnusedLocals: false
    }
  }
  writeFileSync(`${directory}/tsconfig.json`, JSON.stringify(tsconfig))
  try {
    return execFileSync(process.execPath, [`${root}/node_modules/typescript/bin/tsc`, "--project", directory], {
      cwd: directory,
      encoding: "utf8"
    })
  } catch (error) {
    return String((error as { stdout: unknown }).stdout)
  }
}

describe("documentation", () => {
  const modules = fences.map((fence) => ({ fence, path: write(fence) }))

  it("has programs that type-check", () => {
    assert.isAbove(fences.length, 0)
    assert.strictEqual(typeCheck(), "")
  }, 240_000)

  for (const { fence, path } of modules) {
    if (fence.run) it(`${fence.file}:${fence.line}`, () => import(path))
  }
})

describe("the programs of documentation", () => {
  let samples = 0
  const run = async (...code: ReadonlyArray<string>) => {
    const path = write({ file: `sample${samples++}`, line: 1, run: true, code })
    const failure = await import(path).then(() => undefined, (error: Error) => error.message)
    rmSync(path)
    return failure
  }

  it("are found in doc comments and in Markdown", () => {
    const source = ["/**", " * ```ts run", " * a", " *", " *   b", " * ```", " * ```ts", " * ```", " */"]
    assert.deepStrictEqual(fencesOf("a.ts", source.join("\n")), [
      { file: "a.ts", line: 3, run: true, code: ["a", "", "  b"] },
      { file: "a.ts", line: 8, run: false, code: [] }
    ])
    assert.deepStrictEqual(fencesOf("a.md", ["```sh", "```", "- item", "  ```ts run", "  a", "  ```"].join("\n")), [
      { file: "a.md", line: 5, run: true, code: ["a"] }
    ])
  })

  it("fail when a value is not what the comment says", async () => {
    assert.isUndefined(await run("1 + 1 // => 2"))
    assert.include(await run("1 + 1 // => 3"), "expected 2 to equal 3")
    assert.include(await run("const x = { a: 1 } // => { a: 2 }"), "to equal")
    assert.include(await run("throw new Error(\"no\")"), "no")
  })

  it("may span lines, on both sides of the arrow", async () => {
    const code = ["[1]", "  .map((x) => x + 1)", "  .concat(", "    3", "  ) // => [", "//   2,", "//   3", "// ]"]
    assert.isUndefined(await run(...code))
    assert.include(await run(...code.with(6, "//   4")), "to equal")
  })

  it("may run Effects", async () => {
    const imports = "import { Effect, Option } from \"effect\""
    assert.isUndefined(await run(imports, "Effect.runSync(Effect.succeed(Option.some(1))) // => Option.some(1)"))
    assert.isUndefined(await run(imports, "await Effect.runPromise(Effect.succeed(\"http://a\")) // => \"http://a\""))
  })
})
