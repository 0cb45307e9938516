/** The console in a browser, against what comes from outside, and without a network. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Page } from "playwright-core"
import { Address } from "../../src/Address.ts"
import * as Content from "../../src/Content.ts"
import * as Hook from "../../src/rooms/Hook.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import { base, enter, go, layer, limit, open, receive, report, start, token } from "./console.ts"
import { widthOf } from "./look.ts"

const wait = <A>(evaluate: () => Promise<A>) => Effect.promise(evaluate)

/** What would run if it were not shown as text. */
const attacks = [
  "<img src=x onerror=\"pwned=1\">",
  "\"><script>pwned=1</script>",
  "javascript:pwned=1//",
  "https://example.com/\"onmouseover=\"pwned=1"
]
const attack = attacks.join(" ")

const everything: ReadonlyArray<Content.Content> = [
  new Content.TextContent({ text: attack }),
  new Content.MediaContent({ url: "javascript:pwned=1", mimeType: attack, name: attack, caption: attack }),
  new Content.MediaContent({ url: "https://evil.example/media/x.png", mimeType: "image/png", caption: "outside" }),
  new Content.MediaContent({ url: "https://evil.example/x", mimeType: "image/png", unavailable: attack }),
  new Content.FileContent({ name: attack, mimeType: attack, caption: attack, unavailable: attack }),
  new Content.LocationContent({ label: attack, address: attack, latitude: 1, longitude: 2 }),
  new Content.ReplyContent({ text: attack, payload: attack }),
  new Content.ContactContent({ name: attack, organization: attack, phones: [attack], emails: [attack] }),
  new Content.BinaryContent({ data: "AAEC", header: attack })
]

/** What an attack would leave behind. */
const leftOf = (page: Page): Promise<unknown> =>
  page.evaluate(`({
    pwned: "pwned" in globalThis,
    images: [...document.images].map((image) => image.src).filter((src) => !src.startsWith("blob:")),
    scripts: document.scripts.length,
    links: [...document.links].map((link) => link.protocol).filter((protocol) => !/^https?:$/.test(protocol)),
    handlers: document.querySelectorAll("[onerror], [onmouseover]").length
  })`)

const untouched = { pwned: false, images: [], scripts: 1, links: [], handlers: 0 }

describe("the console", () => {
  it.live("shows whatever comes from outside as text, in every field", () =>
    Effect.gen(function*() {
      const kit = yield* RoomKit.RoomKit
      yield* kit.hook(Hook.beforeBroadcast({
        name: attack,
        run: ({ content }) =>
          Effect.succeed(Content.text(content).includes("blocked") ? Hook.block(attack) : Hook.allow)
      }))
      const { failures, page, requested } = yield* enter(yield* start)
      for (const content of everything) yield* receive("+15145550142", "", { content })
      yield* receive("+15145550142", "blocked")
      yield* receive(attack, "from a strange sender", { recipient: Address.make(attack) })
      const conversations = page.getByRole("region", { name: "Conversations" })
      yield* wait(() => conversations.getByRole("link", { name: /\+1 514 555 0142/ }).click())
      const messages = page.getByRole("region", { name: "Messages" })
      yield* wait(() => messages.getByText(`Blocked by the hook “${attack}”: ${attack}`).waitFor())
      assert.isAtLeast(yield* wait(() => messages.getByText(attacks[0]!).count()), everything.length - 2)
      yield* wait(() => page.getByLabel("Write an answer").fill("Hello"))
      yield* wait(() => page.keyboard.press("Enter"))
      yield* wait(() => messages.getByText("Hello", { exact: true }).waitFor())
      yield* report("mock-1", "failed", { errorCode: attack, errorMessage: attack })
      yield* wait(() => messages.getByText(`Failed: ${attack} (code ${attack})`).waitFor())
      assert.deepStrictEqual(yield* wait(() => leftOf(page)), untouched)

      yield* wait(() => page.getByRole("link", { name: "Details" }).first().click())
      yield* wait(() => page.getByText("History").waitFor())
      assert.deepStrictEqual(yield* wait(() => leftOf(page)), untouched)
      for (
        const place of [
          "#/messages",
          "#/deliveries",
          "#/requests",
          "#/dead-letters",
          "#/overview",
          `#/messages?text=${encodeURIComponent(attack)}`,
          `#/conversations/${encodeURIComponent(attack)}`,
          `#/${encodeURIComponent(attack)}`
        ]
      ) {
        yield* go(page, place)
        yield* wait(() => page.getByRole("main").waitFor())
        for (const row of yield* wait(() => page.locator("tbody .row-link").all())) yield* wait(() => row.click())
        assert.deepStrictEqual(yield* wait(() => leftOf(page)), untouched, place)
      }
      const url = yield* base
      assert.deepStrictEqual(requested.filter((one) => !one.startsWith(`${url}/`)), [])
      // A conversation that there is not is the only thing that failed.
      assert.deepStrictEqual(failures, [])
    }).pipe(Effect.scoped, Effect.provide(layer())), limit)

  it.live("shows pictures of the addresses that the server names, and of no other", () =>
    Effect.gen(function*() {
      const { failures, page, requested } = yield* enter(yield* start)
      const body = Buffer.from(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
        "base64"
      )
      yield* wait(() =>
        page.context().route("https://*.example/**", (route) => route.fulfill({ contentType: "image/png", body }))
      )
      const images = [
        "https://cdn.example/files/1.png",
        "https://cdn.example/other/2.png",
        "https://evil.example/3.png"
      ]
      for (const url of images) {
        yield* receive("+15145550142", "", {
          content: new Content.MediaContent({ url, mimeType: "image/png", caption: url })
        })
      }
      yield* wait(() => page.getByRole("link", { name: /\+1 514 555 0142/ }).click())
      const messages = page.getByRole("region", { name: "Messages" })
      yield* wait(() => messages.getByText(images[2]!).first().waitFor())
      assert.strictEqual(yield* widthOf(messages.getByRole("img").first()), 1)
      assert.strictEqual(yield* wait(() => messages.getByRole("img").count()), 1)
      assert.deepStrictEqual(requested.filter((url) => url.startsWith("https:")), [images[0]!])
      assert.deepStrictEqual(failures, [])
    }).pipe(Effect.scoped, Effect.provide(layer({ mediaUrls: ["https://cdn.example/files"] }))), limit)

  it.live(
    "lets another page neither read nor write with the session, and is in no frame",
    () =>
      Effect.gen(function*() {
        const { page } = yield* enter(yield* start)
        const url = yield* base
        const other = yield* wait(() => page.context().newPage())
        // Another site of the same domain, to which browsers send cookies of this one more freely.
        yield* wait(() =>
          page.context().route(
            "http://evil.example.com/",
            (route) => route.fulfill({ contentType: "text/html", body: `<iframe src="${url}/console/"></iframe>` })
          )
        )
        yield* wait(() => other.goto("http://evil.example.com/"))
        const answerTo = (path: string, init: string) =>
          wait(() =>
            other.evaluate<string>(
              `fetch(${
                JSON.stringify(url + path)
              }, ${init}).then((answer) => String(answer.status), (error) => error.name)`
            )
          )
        assert.strictEqual(yield* answerTo("/rooms", "{ credentials: 'include' }"), "TypeError")
        const header = `headers: { "x-effect-sms-console": "1" }, credentials: "include"`
        assert.strictEqual(yield* answerTo("/rooms", `{ ${header} }`), "TypeError")
        assert.strictEqual(yield* answerTo("/messages", `{ method: "POST", ${header}, body: "{}" }`), "TypeError")
        yield* wait(() =>
          other.evaluate(`fetch(${JSON.stringify(`${url}/console/session`)}, {
          method: "POST", mode: "no-cors", credentials: "include", body: ${JSON.stringify(JSON.stringify({ token }))}
        }).catch(() => undefined)`)
        )
        const [, frame] = other.frames()
        assert.notInclude(yield* wait(() => frame!.content()), "effect-sms console")
        assert.lengthOf(yield* wait(() => page.context().cookies(url)), 1)
      }).pipe(Effect.scoped, Effect.provide(layer())),
    limit
  )

  it.live("says that it is offline, and misses nothing when it is back", () =>
    Effect.gen(function*() {
      const { page } = yield* enter(yield* start)
      yield* receive("+15145550142", "First")
      yield* wait(() => page.getByRole("link", { name: /\+1 514 555 0142/ }).click())
      const messages = page.getByRole("region", { name: "Messages" })
      yield* wait(() => messages.getByText("First").waitFor())
      yield* wait(() => page.context().setOffline(true))
      yield* wait(() => page.getByText("Offline", { exact: true }).waitFor())
      yield* receive("+15145550142", "Meanwhile")
      yield* receive("+15145550143", "From another person")
      yield* wait(() => page.context().setOffline(false))
      yield* wait(() => page.getByText("Live", { exact: true }).waitFor())
      yield* wait(() => messages.getByText("Meanwhile").waitFor())
      yield* wait(() => page.getByRole("link", { name: /\+1 514 555 0143/ }).waitFor())
      assert.strictEqual(yield* wait(() => messages.getByText("Meanwhile").count()), 1)
    }).pipe(Effect.scoped, Effect.provide(layer())), limit)

  it.live("is used with the keyboard alone", () =>
    Effect.gen(function*() {
      const { page } = yield* open(yield* start)
      yield* wait(() => page.getByLabel("Token").waitFor())
      // The field has the focus.
      yield* wait(() => page.keyboard.type(token))
      yield* wait(() => page.keyboard.press("Enter"))
      yield* wait(() => page.getByText("Live", { exact: true }).waitFor())
      for (const digit of [1, 2, 3]) yield* receive(`+1514555014${digit}`, `Message ${digit}`)
      const list = page.getByRole("region", { name: "Conversations" })
      yield* wait(() => list.getByRole("listitem").nth(2).waitFor())
      yield* wait(() => list.focus())
      const heading = (number: string) => page.getByRole("heading", { name: number })
      yield* wait(() => page.keyboard.press("ArrowDown"))
      yield* wait(() => heading("+1 514 555 0143").waitFor())
      yield* wait(() => page.keyboard.press("ArrowDown"))
      yield* wait(() => heading("+1 514 555 0142").waitFor())
      yield* wait(() => page.keyboard.press("ArrowUp"))
      yield* wait(() => heading("+1 514 555 0143").waitFor())
      yield* wait(() => page.keyboard.press("Enter"))
      yield* wait(() => page.keyboard.type("Hello"))
      yield* wait(() => page.keyboard.press("Shift+Enter"))
      yield* wait(() => page.keyboard.type("you"))
      yield* wait(() => page.keyboard.press("Enter"))
      yield* wait(() => page.getByRole("region", { name: "Messages" }).getByText("Hello\nyou").waitFor())
    }).pipe(Effect.scoped, Effect.provide(layer())), limit)

  it.live("scrolls through 10,000 conversations with as many rows as fit on the screen", () =>
    Effect.gen(function*() {
      for (let index = 0; index < 10_000; index++) {
        yield* receive(`+1514${String(5_000_000 + index)}`, `Message ${index}`)
      }
      const { failures, page } = yield* enter(yield* start)
      const list = page.getByRole("region", { name: "Conversations" })
      const rows = list.getByRole("listitem")
      yield* wait(() => rows.first().waitFor())
      const oldest = list.getByText("Message 0", { exact: true })
      let steps = 0
      while (!(yield* wait(() => oldest.isVisible())) && steps++ < 200) {
        yield* wait(() => list.evaluate((box) => void ((box as unknown as Box).scrollTop = 1e9)))
        assert.isBelow(yield* wait(() => rows.count()), 60)
        yield* wait(() => page.evaluate("new Promise((resolve) => requestAnimationFrame(resolve))"))
      }
      yield* wait(() => oldest.click())
      yield* wait(() =>
        page.getByRole("region", { name: "Messages" }).getByText("Message 0", { exact: true }).waitFor()
      )
      assert.deepStrictEqual(failures, [])
    }).pipe(Effect.scoped, Effect.provide(layer())), limit)
})

interface Box {
  scrollTop: number
}
