/** The console in a browser: who may be texted. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { Address } from "../../src/Address.ts"
import { ConsentLedger } from "../../src/consent/ConsentLedger.ts"
import { enter, go, layer, limit, receive, start } from "./console.ts"

const wait = <A>(evaluate: () => Promise<A>) => Effect.promise(evaluate)

const ann = "+15145550142"

describe("the consent of a person", () => {
  it.live(
    "is in the conversation, with the words and the time, and an operator decides with a reason",
    () =>
      Effect.gen(function*() {
        const { failures, page } = yield* enter(yield* start)
        yield* receive(ann, "Hello")
        yield* wait(() => page.getByRole("link", { name: /\+1 514 555 0142/ }).click())
        const thread = page.getByRole("region", { name: "Messages" })
        const input = page.getByLabel("Write an answer")
        const note = page.getByRole("note")
        yield* wait(() => thread.getByText("Hello").waitFor())
        assert.strictEqual(yield* wait(() => note.count()), 0)

        // As it happens.
        yield* receive(ann, "STOP")
        yield* wait(() =>
          note.getByText(/^Opted out with a keyword · .*“STOP” · .*\. Answers are refused\.$/).waitFor()
        )
        yield* wait(() => page.getByText("Opted out", { exact: true }).waitFor())
        yield* wait(() => input.fill("Your parcel is here"))
        yield* wait(() => page.keyboard.press("Enter"))
        yield* wait(() => thread.getByText("Not sent: The person opted out").waitFor())

        yield* wait(() => page.getByRole("button", { name: "Consent" }).click())
        const box = page.getByRole("region", { name: "Consent" })
        const decide = box.getByRole("button", { name: "Opt in" })
        assert.isTrue(yield* wait(() => decide.isDisabled()))
        yield* wait(() => box.getByLabel("Why this person is opted in again").fill("Asked for it on the phone"))
        yield* wait(() => decide.click())
        yield* wait(() => box.getByText("This person may be texted.").waitFor())
        yield* wait(() => box.getByText(/^Opted in by an operator · “Asked for it on the phone” · /).waitFor())
        yield* wait(() => note.waitFor({ state: "detached" }))
        yield* wait(() => input.fill("Welcome back"))
        yield* wait(() => page.keyboard.press("Enter"))
        yield* wait(() =>
          thread.getByRole("listitem").filter({ hasText: "Welcome back" }).getByRole("img", {
            name: "Queued at the carrier"
          }).waitFor()
        )

        yield* wait(() => box.getByLabel("Why this person is opted out").fill("Called, wants no more"))
        yield* wait(() => box.getByRole("button", { name: "Opt out" }).click())
        yield* wait(() => note.getByText(/^Opted out by an operator · “Called, wants no more”/).waitFor())
        const ledger = yield* ConsentLedger
        const entries = yield* ledger.of(Address.make(ann), { limit: 10 })
        assert.deepStrictEqual(entries.map(({ action, source, words }) => [action, source, words]), [
          ["stop", "api", "Called, wants no more"],
          ["start", "api", "Asked for it on the phone"],
          ["stop", "keyword", "STOP"]
        ])
        assert.deepStrictEqual(failures, [])
      }).pipe(Effect.scoped, Effect.provide(layer())),
    limit
  )

  it.live("is found by number, and all of it is imported and exported as CSV", () =>
    Effect.gen(function*() {
      const { failures, page } = yield* enter(yield* start)
      yield* go(page, "#/consent")
      const choose = (text: string) =>
        wait(() =>
          page.locator("input[type=file]").setInputFiles({
            name: "people.csv",
            mimeType: "text/csv",
            buffer: Buffer.from(text)
          })
        )
      yield* wait(() => page.getByRole("button", { name: "Import CSV" }).waitFor())
      yield* choose("person,action\n+15145550101,maybe\n")
      yield* wait(() => page.getByRole("alert").getByText(/line 2/i).waitFor())
      const lines =
        "person,action,saidAt,words\n+15145550101,stop,2026-01-02T03:04:05Z,by letter\n+15145550102,start,2026-01-02T03:04:05Z,<img src=x onerror=pwned()>\n"
      yield* choose(lines)
      yield* wait(() => page.getByText("2 imported, 0 known before.").waitFor())
      yield* choose(lines)
      yield* wait(() => page.getByText("0 imported, 2 known before.").waitFor())

      yield* wait(() => page.getByLabel("Number of a person").fill("+1 514 call me"))
      yield* wait(() => page.keyboard.press("Enter"))
      yield* wait(() => page.getByText("Write the number with its country code").waitFor())
      yield* wait(() => page.getByLabel("Number of a person").fill("+1 514 555 0101"))
      yield* wait(() => page.keyboard.press("Enter"))
      const card = page.getByRole("region", { name: "Consent of +1 514 555 0101" })
      yield* wait(() => card.getByText(/^Opted out by an import · “by letter”/).waitFor())

      yield* wait(() => page.getByLabel("Number of a person").fill("+15145550102"))
      yield* wait(() => page.keyboard.press("Enter"))
      yield* wait(() => page.getByText(/^Opted in by an import · “<img src=x onerror=pwned\(\)>”/).waitFor())
      assert.strictEqual(yield* wait(() => page.evaluate("document.images.length")), 0)

      const downloading = page.waitForEvent("download")
      yield* wait(() => page.getByRole("button", { name: "Export as CSV" }).click())
      const download = yield* wait(() => downloading)
      assert.match(download.suggestedFilename(), /^consent-\d{4}-\d\d-\d\d\.csv$/)
      const [, first, second] = readFileSync(yield* wait(() => download.path()), "utf8").split(/\r?\n/)
      assert.include(first!, "+15145550101")
      assert.include(second!, "+15145550102")
      yield* wait(() => page.getByText("2 entries exported.").waitFor())
      assert.deepStrictEqual(failures, [])
    }).pipe(Effect.scoped, Effect.provide(layer())), limit)
})
