/**
 * How the console looks: accessible on every page, in both colour schemes, on
 * a phone, a tablet and a desk. The pictures are in `.test-output/console`.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readdirSync, readFileSync } from "node:fs"
import { gzipSync } from "node:zlib"
import type { Page } from "playwright-core"
import { enter, go, layer, limit, open, start } from "./console.ts"
import { respond, seed } from "./consoleSeed.ts"
import { shoot, useFont, views } from "./look.ts"

const wait = <A>(evaluate: () => Promise<A>) => Effect.promise(evaluate)

const root = `${import.meta.dirname}/../..`

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
  "opted-out": (page) =>
    wait(async () => {
      await page.getByRole("link", { name: /\+1 450 555 0105/ }).click()
      await page.getByRole("note").waitFor()
      await page.getByRole("button", { name: "Consent" }).click()
      await page.getByLabel("Why this person is opted in again").waitFor()
    }),
  consent: (page) =>
    wait(async () => {
      await page.getByLabel("Number of a person").fill("+14505550105")
      await page.getByRole("button", { name: "Show" }).click()
      await page.getByText(/^Opted out with a keyword/).waitFor()
    }),
  requests: (page) =>
    wait(async () => {
      await page.locator("tbody").getByText("400").waitFor()
    }),
  request: (page) =>
    wait(async () => {
      await page.locator("tbody").getByText("400").click()
      await page.getByText("Copy as curl").waitFor()
      const hidden = await page.evaluate<number>(
        "Array.from(document.querySelectorAll('.facts'), (facts) => facts.scrollHeight - facts.clientHeight)[0]"
      )
      assert.strictEqual(hidden, 0, "What is known of a request is cut off")
    }),
  overview: (page) => wait(() => page.getByRole("heading", { name: "Carriers" }).waitFor())
}

const placeOf = (name: string) =>
  name === "inbox" || name === "list" || name === "opted-out"
    ? "conversations"
    : name === "message"
    ? "messages"
    : name === "request"
    ? "requests"
    : name

describe("the console", () => {
  for (const view of views) {
    it.live(`is accessible and fits at ${view.width} px, ${view.colorScheme}`, () =>
      Effect.gen(function*() {
        yield* seed
        const browser = yield* start
        const found: Array<string> = []
        const login = yield* open(browser, view)
        yield* useFont(login.page)
        yield* wait(() => login.page.getByLabel("Token").waitFor())
        found.push(...yield* shoot(login.page, "login", view))
        const { failures, page } = yield* enter(browser, view)
        // Also in the widest font that a desk may have, a name of a place is one line.
        const names = page.locator(".nav li span")
        yield* wait(() => names.first().waitFor())
        const heights = yield* wait(() =>
          page.evaluate<ReadonlyArray<number>>(
            "Array.from(document.querySelectorAll('.nav li span'), (name) => name.getBoundingClientRect().height)"
          )
        )
        assert.isBelow(Math.max(...heights), 24)
        yield* useFont(page)
        for (const [name, prepare] of Object.entries(pages)) {
          yield* go(page, `#/${placeOf(name)}`)
          yield* prepare(page)
          found.push(...yield* shoot(page, name, view))
        }
        assert.deepStrictEqual([...found, ...failures], [])
      }).pipe(Effect.scoped, Effect.provide(layer({ respond }))), limit)
  }

  it("loads in under 150 KB, compressed, in four requests, and what is seldom opened on demand", () => {
    const built = `${root}/dist/console`
    const files = readdirSync(built, { recursive: true, encoding: "utf8" }).filter((file) => /\.\w+$/.test(file))
    const sizeOf = (files: ReadonlyArray<string>) =>
      files.reduce((sum, file) => sum + gzipSync(readFileSync(`${built}/${file}`)).length, 0)
    const later = files.filter((file) => /\/(?:Phone|Consent)-[\w-]+\.(?:js|css)$/.test(file))
    const first = files.filter((file) => !later.includes(file))
    assert.lengthOf(first, 4, first.join(", "))
    assert.isBelow(sizeOf(first), 150 * 1024)
    assert.lengthOf(later, 3, later.join(", "))
    assert.isBelow(sizeOf(later), 14 * 1024)
  })
})
