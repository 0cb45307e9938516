/** The console in a browser: who gets in, and a conversation as it happens. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { anotherTab, base, enter, layer, limit, open, receive, report, start, submitToken, token } from "./console.ts"
import { widthOf } from "./look.ts"

const wait = <A>(evaluate: () => Promise<A>) => Effect.promise(evaluate)

describe("the session of the console", () => {
  it.live("begins with a token of the server, and ends by logging out", () =>
    Effect.gen(function*() {
      const browser = yield* start
      const { failures, page, requested } = yield* open(browser)
      yield* submitToken(page, token)
      yield* wait(() => page.getByRole("heading", { name: "Conversations" }).waitFor())
      const cookies = yield* wait(() => page.context().cookies())
      assert.deepInclude(cookies[0], { httpOnly: true, sameSite: "Strict", path: "/" })
      assert.lengthOf(cookies, 1)
      // The token itself is nowhere.
      assert.notInclude(JSON.stringify(cookies), token)
      assert.strictEqual(
        yield* wait(() => page.evaluate("document.cookie + JSON.stringify({ ...localStorage })")),
        "{}"
      )

      yield* wait(() => page.reload())
      yield* wait(() => page.getByRole("heading", { name: "Conversations" }).waitFor())
      yield* wait(() => page.getByRole("button", { name: /^Log out/ }).click())
      yield* wait(() => page.getByLabel("Token").waitFor())
      assert.lengthOf(yield* wait(() => page.context().cookies()), 0)
      const url = yield* base
      assert.deepStrictEqual(requested.filter((one) => !one.startsWith(`${url}/`)), [])
      assert.deepStrictEqual(failures, [])
    }).pipe(Effect.scoped, Effect.provide(layer())), limit)

  it.live("does not begin with another token", () =>
    Effect.gen(function*() {
      const { page } = yield* open(yield* start)
      yield* submitToken(page, "another")
      yield* wait(() => page.getByRole("alert").getByText("The server does not know this token.").waitFor())
      assert.lengthOf(yield* wait(() => page.context().cookies()), 0)
    }).pipe(Effect.scoped, Effect.provide(layer())), limit)
})

describe("a conversation", () => {
  it.live("appears, goes on and is answered in two tabs at once", () =>
    Effect.gen(function*() {
      const one = yield* enter(yield* start)
      const two = yield* anotherTab(one)
      for (const { page } of [one, two]) {
        yield* wait(() => page.getByText("No conversations yet").waitFor())
      }
      yield* receive("+15145550142", "Is my order on its way?")
      for (const { page } of [one, two]) {
        yield* wait(() => page.getByRole("link", { name: /\+1 514 555 0142/ }).click())
        yield* wait(() => page.getByRole("list").getByText("Is my order on its way?").last().waitFor())
      }
      yield* receive("+15145550142", "I wait for it")
      yield* wait(() => two.page.getByRole("region", { name: "Messages" }).getByText("I wait for it").waitFor())

      yield* wait(() => one.page.getByLabel("Write an answer").fill("It arrives tomorrow"))
      yield* wait(() => one.page.getByText("1 segment").waitFor())
      yield* wait(() => one.page.keyboard.press("Enter"))
      for (const { page } of [one, two]) {
        const messages = page.getByRole("region", { name: "Messages" })
        yield* wait(() => messages.getByText("It arrives tomorrow").waitFor())
        yield* wait(() => messages.getByRole("img", { name: "Queued at the carrier" }).waitFor())
      }
      yield* report("mock-1", "delivered")
      for (const { failures, page } of [one, two]) {
        const messages = page.getByRole("region", { name: "Messages" })
        yield* wait(() => messages.getByRole("img", { name: "Delivered" }).waitFor())
        assert.strictEqual(yield* wait(() => messages.getByText("It arrives tomorrow").count()), 1)
        assert.deepStrictEqual(failures, [])
      }
    }).pipe(Effect.scoped, Effect.provide(layer())), limit)

  it.live(
    "is answered with a picture, which is uploaded first and shown from this server",
    () =>
      Effect.gen(function*() {
        const { failures, page } = yield* enter(yield* start)
        yield* receive("+15145550142", "Which colour is it?")
        yield* wait(() => page.getByRole("link", { name: /\+1 514 555 0142/ }).click())
        const buffer = Buffer.from(
          "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
          "base64"
        )
        const choose = (name: string, buffer: Buffer) =>
          wait(() => page.locator("input[type=file]").setInputFiles({ name, mimeType: "image/png", buffer }))
        yield* choose("page.png", Buffer.from("<script>"))
        yield* wait(() => page.getByText("Expected a picture, audio, video, a PDF or a contact card.").waitFor())
        assert.isTrue(yield* wait(() => page.getByRole("button", { name: "Send" }).isDisabled()))
        yield* wait(() => page.getByRole("button", { name: "Remove page.png" }).click())
        yield* choose("red.png", buffer)
        yield* wait(() => page.getByLabel("Write an answer").fill("This one"))
        yield* wait(() => page.getByText("MMS", { exact: true }).waitFor())
        yield* wait(() => page.getByRole("button", { name: "Send" }).click())
        const picture = page.getByRole("region", { name: "Messages" }).getByRole("img", { name: "Picture: This one" })
        yield* wait(() => picture.waitFor())
        assert.strictEqual(yield* widthOf(picture), 1)
        assert.deepStrictEqual(failures, [])
      }).pipe(Effect.scoped, Effect.provide(layer())),
    limit
  )
})
