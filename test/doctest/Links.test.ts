import { assert, describe, it } from "@effect/vitest"
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import manifest from "../../package.json" with { type: "json" }
import { anchorsOf, brokenLinks, fileOf, isHosted, isRelative, linksOf } from "./links.ts"

const host = "https://github.com/effect-sms/effect-sms"
const root = `${import.meta.dirname}/../..`

const read = (file: string): string | undefined => {
  const path = `${root}/${file}`
  if (!existsSync(path)) return undefined
  return statSync(path).isDirectory() ? "" : readFileSync(path, "utf8")
}

const filesOf = (extension: string) =>
  readdirSync(`${root}/docs`, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(extension))
    .map((file) => `docs/${file}`)
    .sort()

const pages = filesOf(".md")

const targetsOf = (file: string) =>
  linksOf(read(file)!).filter(({ target }) => isRelative(target)).map(({ target }) => fileOf(file, target))

describe("documentation", () => {
  it("has links and anchors that resolve", () => {
    assert.isAbove(pages.length, 5)
    const files = ["README.md", "CHANGELOG.md", ...pages]
    assert.isAbove(files.flatMap((file) => linksOf(read(file)!)).length, 50)
    assert.deepStrictEqual(files.flatMap((file) => brokenLinks(file, read)), [])
  })

  it("has a README of at most 200 lines, which leads to every page", () => {
    const lines = read("README.md")!.trimEnd().split("\n")
    assert.isAtMost(lines.length, 200)
    assert.deepStrictEqual(pages.filter((page) => !targetsOf("README.md").includes(page)), [])
  })

  it("has an index of every page", () => {
    assert.deepStrictEqual(
      pages.filter((page) => page !== "docs/README.md" && !targetsOf("docs/README.md").includes(page)),
      []
    )
  })

  it("has links in the package that lead to its own files, or to the host of the repository", () => {
    const packed = [...pages, ...filesOf(".png"), "README.md", "CHANGELOG.md", "LICENSE", "package.json"]
    const lost = ["README.md", ...pages].flatMap((page) =>
      targetsOf(page).flatMap((file) => packed.includes(file) ? [] : [`${page}: ${file}`])
    )
    assert.deepStrictEqual(lost, [])
  })

  it("names the repository in package.json, from which the links of the README are completed elsewhere", () => {
    assert.strictEqual(manifest.repository.url, `git+${host}.git`)
    assert.strictEqual(manifest.homepage, `${host}#readme`)
    assert.strictEqual(manifest.bugs.url, `${host}/issues`)
    assert.isTrue(isHosted(`${host}/blob/main/README.md`))
  })
})

describe("links", () => {
  const text = [
    "# A `b` & [c](x.md): d_e!",
    "## Twice",
    "## Twice",
    "[one](other.md#twice-1) ![two](img.svg \"title\") `[three](code.md)`",
    "```md",
    "# not a heading",
    "[four](fence.md)",
    "```",
    "[five]: five.md",
    "[six](https://example.com) [seven](//example.com) [eight](#twice) [nine](../up.md) [ten](a%20b.md)",
    `[eleven](${host}/blob/main/up.md#none) [twelve](${host}/tree/main/up.md) [thirteen](${host}/blob/main/gone.md)`
  ].join("\n")

  it("are found in prose, and not in code", () => {
    assert.deepStrictEqual(linksOf(text), [
      { line: 1, target: "x.md" },
      { line: 4, target: "other.md#twice-1" },
      { line: 4, target: "img.svg" },
      { line: 9, target: "five.md" },
      { line: 10, target: "https://example.com" },
      { line: 10, target: "//example.com" },
      { line: 10, target: "#twice" },
      { line: 10, target: "../up.md" },
      { line: 10, target: "a%20b.md" },
      { line: 11, target: `${host}/blob/main/up.md#none` },
      { line: 11, target: `${host}/tree/main/up.md` },
      { line: 11, target: `${host}/blob/main/gone.md` }
    ])
  })

  it("lead to the anchors that GitHub makes of headings", () => {
    assert.deepStrictEqual([...anchorsOf(text)], ["a-b--c-d_e", "twice", "twice-1"])
  })

  it("that lead nowhere are found", () => {
    const files: Readonly<Record<string, string>> = {
      "docs/page.md": text,
      "docs/x.md": "",
      "docs/other.md": "# Twice",
      "docs/five.md": "",
      "docs/a b.md": "",
      "up.md": ""
    }
    assert.deepStrictEqual(brokenLinks("docs/page.md", (file) => files[file]), [
      "docs/page.md:4: other.md#twice-1",
      "docs/page.md:4: img.svg",
      `docs/page.md:11: ${host}/blob/main/up.md#none`,
      `docs/page.md:11: ${host}/blob/main/gone.md`
    ])
  })
})
