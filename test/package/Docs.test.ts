/** The documentation site, as `npm run docs` builds it. */
import { assert, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import manifest from "../../package.json" with { type: "json" }
import { root } from "./shell.ts"

// Another test packs what is in `dist`.
const folder = ".test-output/docs"
const site = `${root}/${folder}`

describe("npm run docs", () => {
  it(
    "documents every entry and page, with search, and finds no broken link and no export without a description",
    () => {
      // It fails on the first two by itself.
      const output = execFileSync("npm", ["run", "docs", "--", folder], { cwd: root, encoding: "utf8" })
      const entries = Object.values(manifest.exports).filter((target) => typeof target === "object" && target !== null)
      assert.include(output, `Documentation of ${entries.length - 1} entries`)
      const pages = readdirSync(`${root}/docs`, { recursive: true, encoding: "utf8" }).filter((page) =>
        page.endsWith(".md")
      )
      const documents = readdirSync(`${site}/documents`)
      for (const page of pages) {
        assert.include(documents, `docs_${page.replace(/\.md$/, "").replaceAll("/", "_")}.html`)
      }
      assert.isAbove(readdirSync(`${site}/modules`).length, 80)
      const index = readFileSync(`${site}/index.html`, "utf8")
      assert.include(index, "assets/search.js")
      assert.include(
        readFileSync(`${site}/modules/effect-sms.Phone.html`, "utf8"),
        "Reads phone numbers that people type"
      )
    },
    240_000
  )
})
