import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { Reason } from "../../src/http/MessageProblems.ts"
import { errorPage, errorUrl } from "../../src/internal/errorUrl.ts"
import { anchorsOf, fileOf, isHosted } from "../doctest/links.ts"

const root = `${import.meta.dirname}/../..`

/** Errors that are replaced by another one before any caller or log sees them. */
const internal = ["BodyTimeout", "NoAddress", "NotPublic", "Postponed", "S3Failed"]

/** Codes that are only the `type` of a problem. */
const types = ["HeadersTooLarge", "PartlySent"]

const declaration = /(?:TaggedError|HttpApiError\.Problem|ReasonProblem)(?:<\w+>)?\(?\)?\("(\w+)"/g

const sources = readdirSync(`${root}/src`, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => readFileSync(`${root}/src/${file}`, "utf8"))

const declared = sources.flatMap((text) => [...text.matchAll(declaration)].map(([, tag]) => tag!))

const page = readFileSync(`${root}/docs/errors.md`, "utf8")

/** The sections of codes, with their text. */
const sections = page.split(/^### /m).slice(1).map((section) => {
  const [heading, ...lines] = section.split("\n")
  return { code: heading!, text: lines.join("\n") }
})

const sorted = (codes: Iterable<string>) => [...new Set(codes)].sort()

describe("docs/errors.md", () => {
  it("has one section for each error, problem and reason, and no other", () => {
    assert.isAbove(declared.length, 70)
    const expected = [...declared, ...Reason.literals, ...types].filter((code) => !internal.includes(code))
    assert.deepStrictEqual(sections.map(({ code }) => code).sort(), sorted(expected))
  })

  it("excepts no error that does not exist", () => {
    assert.deepStrictEqual(internal.filter((code) => !declared.includes(code)), [])
  })

  it("has a cause and a remedy in each section", () => {
    const complete = /^\n\S[^]*\n- \*\*Cause:\*\* \S.*\n(?: {2}.*\n)*- \*\*Remedy:\*\* \S/
    assert.deepStrictEqual(sections.filter(({ text }) => !complete.test(text)).map(({ code }) => code), [])
  })

  it("has the sections that the types of problems lead to", () => {
    assert.isTrue(isHosted(errorPage))
    assert.strictEqual(fileOf("", errorPage), "docs/errors.md")
    const anchors = anchorsOf(page)
    const used = sources.flatMap((text) => [...text.matchAll(/errorUrl\("(\w+)"\)/g)].map(([, code]) => code!))
    assert.isAbove(used.length, 15)
    const urls = [...used, ...types, ...Reason.literals].map((code) => errorUrl(code))
    assert.deepStrictEqual(urls.filter((url) => !anchors.has(url.slice(errorPage.length + 1))), [])
  })

  it("leaves no problem without a documented type", () => {
    assert.deepStrictEqual(sources.filter((text) => text.includes("about:blank")), [])
  })
})
