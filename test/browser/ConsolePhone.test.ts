/**
 * The phone beside the console, as somebody meets it who starts the server
 * without a carrier and opens the link that it prints first.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Browser, BrowserContextOptions } from "playwright-core"
import { buildConsole } from "../buildConsole.ts"
import { run } from "../main/process.ts"
import { launch } from "./browser.ts"
import { limit, watch } from "./console.ts"
import { shoot, useFont, views, widthOf } from "./look.ts"

const wait = <A>(evaluate: () => Promise<A>) => Effect.promise(evaluate)

/** Starts a server on a free port, and returns the link. It is printed before everything else. */
const demonstrate = Effect.gen(function*() {
  buildConsole()
  const server = yield* run(["serve"], { PORT: "0" })
  const output = yield* server.until(/The server keeps running/)
  const [first = ""] = /https?:\/\/\S+/.exec(output) ?? []
  assert.match(first, /^http:\/\/127\.0\.0\.1:\d+\/console\/#\/phone\?key=\S+$/)
  return { link: first, ended: server.end("SIGTERM") }
})

const visit = Effect.fnUntraced(function*(browser: Browser, link: string, options: BrowserContextOptions = {}) {
  const context = yield* wait(() =>
    browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-US", ...options })
  )
  context.setDefaultTimeout(10_000)
  const window = watch(yield* wait(() => context.newPage()))
  yield* wait(() => window.page.goto(link))
  const handset = window.page.getByRole("region", { name: "Messages on the phone" })
  const thread = window.page.getByRole("region", { name: "Messages", exact: true })
  return { ...window, handset, thread }
})

const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64"
)

describe("npm start without a carrier", () => {
  it.live("opens with a phone, on which a person writes and the application answers", () =>
    Effect.gen(function*() {
      const { ended, link } = yield* demonstrate
      const browser = yield* launch()
      const { failures, handset, page, requested, thread } = yield* visit(browser, link)
      yield* wait(() => handset.getByText("Yes. We are here for you until 6 pm.").first().waitFor())
      // The key is good once, and nowhere in the page.
      assert.notInclude(page.url(), "key")
      const again = yield* visit(browser, link)
      yield* wait(() => again.page.getByText("This link opens the console once").waitFor())

      // A person writes, the conversation has it, and the assistant's answer is on the phone.
      const input = page.getByLabel("Text message")
      yield* wait(() => input.fill("Are you open now?"))
      yield* wait(() => page.keyboard.press("Enter"))
      yield* wait(() => thread.getByText("Are you open now?").waitFor())
      const answers = handset.getByText("Yes. We are here for you until 6 pm.")
      yield* wait(() => answers.nth(1).waitFor())

      // An answer that is written in the console arrives on the phone.
      yield* wait(() => page.getByLabel("Write an answer").fill("Until 8 pm today"))
      yield* wait(() => page.keyboard.press("Enter"))
      yield* wait(() => handset.getByText("Until 8 pm today").waitFor())
      yield* wait(() =>
        thread.getByRole("listitem").filter({ hasText: "Until 8 pm today" }).getByRole("img", { name: "Delivered" })
          .waitFor()
      )

      // A picture, which the server fetches from the carrier.
      yield* wait(() =>
        page.locator(".handset-write input[type=file]").setInputFiles({
          name: "red.png",
          mimeType: "image/png",
          buffer: png
        })
      )
      yield* wait(() => input.fill("Like this one"))
      yield* wait(() => page.getByRole("button", { name: "Send from the phone" }).click())
      yield* wait(() => thread.getByRole("img", { name: "Picture: Like this one" }).waitFor())
      assert.strictEqual(yield* widthOf(handset.getByRole("img").last()), 1)

      // STOP: the carrier confirms it, and the application can write no more.
      yield* wait(() => page.getByRole("button", { name: "STOP", exact: true }).click())
      yield* wait(() => handset.getByText(/unsubscribed/i).first().waitFor())
      yield* wait(() => page.getByLabel("Write an answer").fill("One more thing"))
      yield* wait(() => page.keyboard.press("Enter"))
      yield* wait(() => page.getByRole("alert").getByText("The person opted out").waitFor())
      yield* wait(() => page.getByRole("button", { name: "START", exact: true }).click())

      // Another carrier, another person.
      yield* wait(() => page.getByRole("navigation", { name: "Carrier" }).getByText("Telnyx").click())
      yield* wait(() => thread.getByText("Can I change the address?").waitFor())
      yield* wait(() => page.getByRole("button", { name: "Another person" }).click())
      yield* wait(() => page.getByText("Nothing from this phone yet").waitFor())
      yield* wait(() => input.fill("Hello"))
      yield* wait(() => page.keyboard.press("Enter"))
      yield* wait(() => handset.getByText("Hello! Ask me a question").waitFor())
      yield* wait(() => thread.getByText("Hello", { exact: true }).waitFor())

      // What a person writes is text on the phone too.
      const attack = "<img src=x onerror=\"pwned=1\">"
      yield* wait(() => input.fill(attack))
      yield* wait(() => page.keyboard.press("Enter"))
      yield* wait(() => handset.getByText(attack).waitFor())
      yield* wait(() => thread.getByText(attack).waitFor())
      assert.strictEqual(yield* wait(() => page.evaluate("document.querySelectorAll('[onerror]').length")), 0)

      // Faults, which the answers then meet.
      yield* wait(() => page.getByText("Faults").click())
      yield* wait(() => page.getByRole("switch", { name: /The phone is off/ }).click())
      yield* wait(() => page.getByText("1 on", { exact: true }).waitFor())
      yield* wait(() => input.fill("Are you there?"))
      yield* wait(() => page.keyboard.press("Enter"))
      yield* wait(() => thread.getByText(/^Not delivered/).waitFor())
      yield* wait(() => page.getByText("1 of 1").waitFor())
      assert.strictEqual(yield* wait(() => handset.getByText("Yes. We are here").count()), 0)
      yield* wait(() => page.getByRole("switch", { name: /The phone is off/ }).click())
      yield* wait(() => page.getByText("none", { exact: true }).waitFor())

      const { origin } = new URL(link)
      assert.deepStrictEqual(requested.filter((url) => !url.startsWith(`${origin}/`) && !url.startsWith("blob:")), [])
      assert.deepStrictEqual(failures, [])
      // A browser that follows the phone does not hold the server up.
      const [code, elapsed] = yield* ended
      assert.strictEqual(code, 0)
      assert.isBelow(elapsed, 5000)
    }).pipe(Effect.scoped), limit)

  for (const view of views) {
    it.live(
      `shows a phone that is accessible and fits at ${view.width} px, ${view.colorScheme}`,
      () =>
        Effect.gen(function*() {
          const { link } = yield* demonstrate
          const { colorScheme, height, width } = view
          const { failures, handset, page, thread } = yield* visit(yield* launch(), link, {
            viewport: { width, height },
            colorScheme
          })
          yield* wait(() => handset.getByText("Yes. We are here for you until 6 pm.").first().waitFor())
          yield* useFont(page)
          // A conversation without the words of the carrier, and with a picture.
          yield* wait(() => page.getByRole("navigation", { name: "Carrier" }).getByText("Sinch").click())
          yield* wait(() => handset.getByText("My front door").waitFor())
          assert.isAbove(yield* widthOf(handset.getByRole("img").first()), 1)
          yield* wait(() => page.getByLabel("Text message").fill("Perfect. Are you there on Saturday as well?"))
          yield* wait(() => page.keyboard.press("Enter"))
          yield* wait(() => handset.getByText("Yes. We are here").nth(1).waitFor())
          if (width > 720) {
            yield* wait(() => page.getByLabel("Write an answer").fill("We ring twice — see you on Saturday!"))
            yield* wait(() => page.getByText("because of").waitFor())
            yield* wait(() => thread.getByRole("listitem").last().getByRole("img", { name: "Delivered" }).waitFor())
          }
          const found = [...yield* shoot(page, "phone", view)]
          if (width < 721) {
            yield* wait(() => page.getByRole("button", { name: "Conversation", exact: true }).click())
            yield* wait(() => thread.waitFor())
            found.push(...yield* shoot(page, "phone-conversation", view))
            yield* wait(() => page.getByRole("button", { name: "Phone", exact: true }).click())
          }
          yield* wait(() => page.getByText("Faults").click())
          yield* wait(() => page.getByRole("switch", { name: /Too many requests/ }).click())
          yield* wait(() => page.getByText("1 on", { exact: true }).waitFor())
          found.push(...yield* shoot(page, "phone-faults", view))
          assert.deepStrictEqual([...found, ...failures], [])
        }).pipe(Effect.scoped),
      limit
    )
  }
})
