/**
 * How the console looks: accessible on every page, in both colour schemes, on
 * a phone, a tablet and a desk. The pictures are in `.test-output/console`.
 */
import { assert, describe, it } from "@effect/vitest"
import axe from "axe-core"
import { Effect } from "effect"
import { mkdirSync, readdirSync, readFileSync } from "node:fs"
import { gzipSync } from "node:zlib"
import type { Page } from "playwright-core"
import { enter, go, layer, limit, open, start } from "./console.ts"
import { respond, seed } from "./consoleSeed.ts"

const wait = <A>(evaluate: () => Promise<A>) => Effect.promise(evaluate)

const root = `${import.meta.dirname}/../..`
const output = `${root}/.test-output/console`

const font = new URL(import.meta.resolve("@fontsource-variable/inter/files/inter-latin-wght-normal.woff2"))

/** The page takes the font of the system. Here, that may be any: the pictures are to look as on most desks. */
const useFont = (page: Page) =>
  wait(() =>
    page.evaluate(`
      const font = new FontFace("Inter", Uint8Array.fromBase64(${
      JSON.stringify(readFileSync(font).toString("base64"))
    }), { weight: "100 900" })
      font.load().then((font) => {
        document.fonts.add(font)
        document.documentElement.style.setProperty("--font", "Inter, sans-serif")
      })
    `)
  )

/** What axe finds, in a line each. */
const findings = (page: Page) =>
  Effect.map(
    wait(() =>
      page.evaluate<ReadonlyArray<{ id: string; nodes: ReadonlyArray<{ html: string; failureSummary: string }> }>>(
        `${axe.source}; axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations)`
      )
    ),
    (violations) =>
      violations.flatMap(({ id, nodes }) =>
        nodes.map(({ failureSummary, html }) => `${id}: ${html}\n${failureSummary}`)
      )
  )

const pages: Readonly<Record<string, (page: Page) => Effect.Effect<void>>> = {
  inbox: (page) =>
    wait(async () => {
      await page.getByRole("link", { name: /\+1 514 555 0142/ }).click()
      await page.getByRole("region", { name: "Messages" }).getByText("Track it here").waitFor()
      await page.getByLabel("Write an answer").fill("We’ll call you at 10 — is that right for you?")
    }),
  list: (page) => wait(() => page.getByRole("link", { name: /\+1 514 555 0142/ }).waitFor()),
  messages: (page) => wait(() => page.getByRole("row").nth(5).waitFor()),
  message: (page) =>
    wait(async () => {
      await page.locator("tbody").getByText("Track it here").click()
      await page.getByText("History").waitFor()
    }),
  deliveries: (page) => wait(() => page.getByRole("row").nth(2).waitFor()),
  "dead-letters": (page) => wait(() => page.getByText("No dead letters").waitFor()),
  requests: (page) =>
    wait(async () => {
      await page.locator("tbody").getByText("400").click()
      await page.getByText("Copy as curl").waitFor()
    }),
  overview: (page) => wait(() => page.getByRole("heading", { name: "Carriers" }).waitFor())
}

const placeOf = (name: string) =>
  name === "inbox" || name === "list" ? "conversations" : name === "message" ? "messages" : name

describe("the console", () => {
  for (const [width, height] of [[360, 740], [768, 1024], [1440, 900]] as const) {
    for (const colorScheme of ["light", "dark"] as const) {
      it.live(`is accessible and fits at ${width} px, ${colorScheme}`, () =>
        Effect.gen(function*() {
          mkdirSync(output, { recursive: true })
          yield* seed
          const browser = yield* start
          const view = { width, height, colorScheme }
          const found: Array<string> = []
          const shoot = Effect.fnUntraced(function*(page: Page, name: string) {
            yield* wait(() => page.screenshot({ path: `${output}/${name}-${width}-${colorScheme}.png` }))
            found.push(...(yield* findings(page)).map((finding) => `${name}: ${finding}`))
            const overflow = yield* wait(() =>
              page.evaluate<number>("document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth")
            )
            if (overflow > 0) found.push(`${name} is wider than the window by ${overflow} px`)
          })
          const login = yield* open(browser, view)
          yield* useFont(login.page)
          yield* wait(() => login.page.getByLabel("Token").waitFor())
          yield* shoot(login.page, "login")
          const { failures, page } = yield* enter(browser, view)
          yield* useFont(page)
          for (const [name, prepare] of Object.entries(pages)) {
            yield* go(page, `#/${placeOf(name)}`)
            yield* prepare(page)
            yield* shoot(page, name)
          }
          assert.deepStrictEqual([...found, ...failures], [])
        }).pipe(Effect.scoped, Effect.provide(layer({ respond }))), limit)
    }
  }

  it("loads in under 150 KB, compressed, in four requests", () => {
    const built = `${root}/dist/console`
    const files = readdirSync(built, { recursive: true, encoding: "utf8" }).filter((file) => /\.\w+$/.test(file))
    assert.lengthOf(files, 4, files.join(", "))
    const bytes = files.map((file) => gzipSync(readFileSync(`${built}/${file}`)).length)
    assert.isBelow(bytes.reduce((sum, size) => sum + size, 0), 150 * 1024)
  })
})
