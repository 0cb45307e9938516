/** The console in a browser: what operators see of messages, and what they decide. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import type { Page } from "playwright-core"
import * as Content from "../../src/Content.ts"
import { Inbox } from "../../src/inbox/Inbox.ts"
import { InvalidRecipient, OutcomeUnknown } from "../../src/SmsError.ts"
import { message } from "../suites/InboxSuite.ts"
import { enter, go, layer, limit, provider, receive, report, type Server, start } from "./console.ts"

const wait = <A>(evaluate: () => Promise<A>) => Effect.promise(evaluate)

const test = (
  title: string,
  body: (page: Page) => Effect.Effect<void, unknown, Effect.Services<Body>>,
  server?: Server
) =>
  it.live(title, () =>
    Effect.gen(function*() {
      const { failures, page } = yield* enter(yield* start)
      yield* body(page)
      assert.deepStrictEqual(failures, [])
    }).pipe(Effect.scoped, Effect.provide(layer(server))), limit)

type Body = ReturnType<typeof receive> | ReturnType<typeof bury> | ReturnType<typeof post>

/** An event that could not be processed. */
const bury = Effect.fnUntraced(function*(text: string) {
  const inbox = yield* Inbox
  yield* inbox.accept([message(text, "+15145550177")])
  const [claim] = yield* inbox.claim({ limit: 1 })
  yield* inbox.bury(claim!, (yield* inbox.head(claim!))!, "Poison")
  yield* inbox.release(claim!)
})

/** A webhook of the carrier, over HTTP. */
const post = Effect.fnUntraced(function*(body: string, query = "") {
  const client = yield* HttpClient.HttpClient
  const request = HttpClientRequest.bodyText(
    HttpClientRequest.post(`/webhooks/sms/${provider}/inbound${query}`),
    body,
    "application/json"
  )
  return (yield* client.execute(HttpClientRequest.setHeader(request, "authorization", "Bearer of-the-carrier"))).status
})

const answer = (page: Page, text: string) =>
  wait(async () => {
    await page.getByRole("link", { name: /\+1 514 555 0142/ }).click()
    await page.getByLabel("Write an answer").fill(text)
    await page.getByRole("button", { name: "Send" }).click()
  })

const panelOf = (page: Page, name: string) => page.getByRole("region", { name, exact: true })

describe("an answer", () => {
  test("counts as a person's, so that the loop guard does not stop somebody who writes a lot", (page) =>
    Effect.gen(function*() {
      yield* receive("+15145550142", "Hello")
      const posted = page.waitForRequest((request) =>
        request.method() === "POST" && request.url().endsWith("/messages")
      )
      yield* answer(page, "Hello back")
      assert.deepInclude((yield* wait(() => posted)).postDataJSON(), { text: "Hello back", author: "person" })
    }))
})

describe("a message that fails", () => {
  test("says in the thread why the carrier did not deliver it, and when in its history", (page) =>
    Effect.gen(function*() {
      yield* receive("+15145550142", "Hello")
      yield* answer(page, "Hello back")
      const thread = page.getByRole("region", { name: "Messages" })
      yield* wait(() => thread.getByRole("img", { name: "Queued at the carrier" }).waitFor())
      yield* report("mock-1", "undelivered", { errorCode: "30003", errorMessage: "Unreachable destination handset" })
      yield* wait(() => thread.getByText("Not delivered: Unreachable destination handset (code 30003)").waitFor())
      yield* wait(() => thread.getByRole("link", { name: "Details" }).click())
      const panel = panelOf(page, "Sent message")
      for (const step of ["Accepted by the carrier", "Queued at the carrier", "Not delivered"]) {
        yield* wait(() => panel.getByRole("listitem").getByText(step).first().waitFor())
      }
      yield* wait(() => panel.getByText("Unreachable destination handset · code 30003").waitFor())
      yield* wait(() => page.keyboard.press("Escape"))
      yield* wait(() => panel.waitFor({ state: "detached" }))
    }))

  test(
    "is not sent twice when it is refused, and stays in the thread with the reason",
    (page) =>
      Effect.gen(function*() {
        yield* receive("+15145550142", "Hello")
        yield* answer(page, "Hello back")
        const thread = page.getByRole("region", { name: "Messages" })
        yield* wait(() => page.getByRole("alert").getByText("The number cannot receive messages").waitFor())
        yield* wait(() => thread.getByText("Not sent: The number cannot receive messages (code 21614)").waitFor())
        assert.strictEqual(yield* wait(() => page.getByLabel("Write an answer").inputValue()), "")
        assert.strictEqual(yield* wait(() => thread.getByText("Hello back").count()), 1)
      }),
    { respond: () => Effect.fail(new InvalidRecipient({ code: "21614" })) }
  )

  let attempts = 0
  test(
    "with an unknown outcome is resent, or given up",
    (page) =>
      Effect.gen(function*() {
        yield* receive("+15145550142", "Hello")
        yield* answer(page, "First answer")
        yield* wait(() => page.getByText("The carrier gave no clear answer: it may have been sent").first().waitFor())
        const problem = page.getByRole("alert").filter({ hasText: "it may have been sent" })
        assert.notInclude(yield* wait(() => problem.innerText()), "Not sent")
        yield* answer(page, "Second answer")
        yield* wait(() => page.getByRole("link", { name: "Details" }).nth(1).waitFor())
        yield* go(page, "#/messages?state=unknown")
        const rows = page.getByRole("row", { name: /answer/ })
        yield* wait(() => rows.nth(1).waitFor())

        yield* wait(() => page.getByRole("row", { name: /First answer/ }).getByRole("link").click())
        yield* wait(() => page.getByRole("button", { name: "Resend" }).click())
        yield* wait(() => panelOf(page, "Sent message").getByText("operator: resent").waitFor())

        yield* wait(() => page.getByRole("row", { name: /Second answer/ }).getByRole("link").click())
        yield* wait(() => page.getByRole("button", { name: "Give up" }).click())
        yield* wait(() => panelOf(page, "Sent message").getByText("operator: given up").waitFor())
        assert.strictEqual(yield* wait(() => page.getByRole("button", { name: "Give up" }).count()), 0)
      }),
    {
      respond: () =>
        Effect.suspend(() => ++attempts > 2 ? Effect.void : Effect.fail(new OutcomeUnknown({ because: "Timeout" })))
    }
  )
})

describe("the list of messages", () => {
  test("is filtered by what is in the address, which somebody else can open", (page) =>
    Effect.gen(function*() {
      yield* receive("+15145550142", "Where is my parcel?")
      yield* receive("+15145550143", "Thank you")
      yield* go(page, "#/messages")
      const rows = page.locator("tbody tr")
      yield* wait(() => rows.nth(1).waitFor())
      yield* wait(() => page.getByLabel("Text").fill("PARCEL"))
      yield* wait(() => rows.nth(1).waitFor({ state: "detached" }))
      assert.include(page.url(), "text=PARCEL")
      yield* wait(() => page.reload())
      yield* wait(() => page.getByRole("row", { name: /Where is my parcel/ }).waitFor())
      assert.strictEqual(yield* wait(() => rows.count()), 1)
      yield* wait(() => page.getByLabel("State").selectOption("blocked"))
      yield* wait(() => page.getByText("No message fits the filters").waitFor())
      yield* wait(() => page.getByRole("link", { name: "Clear" }).click())
      yield* wait(() => rows.nth(1).waitFor())
      // What happens meanwhile appears.
      yield* receive("+15145550144", "One more")
      yield* wait(() => page.getByRole("row", { name: /One more/ }).waitFor())
    }))
})

describe("a contact card that a carrier delivers as a file", () => {
  test("is called one, in the list and in the thread", (page) =>
    Effect.gen(function*() {
      const content = new Content.MediaContent({ url: "https://carrier.example/1.vcf", mimeType: "text/x-vcard" })
      yield* receive("+15145550142", "", { content })
      const row = page.getByRole("link", { name: /Contact card/ })
      yield* wait(() => row.click())
      yield* wait(() => page.getByRole("region", { name: "Messages", exact: true }).getByText("Contact card").waitFor())
    }))
})

describe("the search of conversations", () => {
  test("finds a number by some of its digits, and what was said", (page) =>
    Effect.gen(function*() {
      yield* receive("+15145550142", "Where is my parcel?")
      yield* receive("+15145550143", "Thank you")
      const rows = page.getByRole("region", { name: "Conversations" }).getByRole("listitem")
      yield* wait(() => rows.nth(1).waitFor())
      // The carrier of each, also while it is unread: one person may write through several.
      const unread = rows.filter({ has: page.getByLabel("1 unread") })
      assert.strictEqual(yield* wait(() => unread.filter({ hasText: "Twilio" }).count()), 2)
      yield* wait(() => page.keyboard.press("/"))
      yield* wait(() => page.keyboard.press("ArrowDown"))
      yield* wait(() => page.keyboard.press("ArrowDown"))
      yield* wait(() => rows.locator("[aria-current]").waitFor())
      yield* wait(() => page.keyboard.press("/"))
      yield* wait(() => page.keyboard.type("0143"))
      yield* wait(() => rows.nth(1).waitFor({ state: "detached" }))
      yield* wait(() => rows.getByText("+1 514 555 0143").waitFor())
      yield* wait(() => page.getByLabel("Search number or text").fill("parcel"))
      yield* wait(() => rows.getByText("+1 514 555 0142").waitFor())
      yield* wait(() => page.getByLabel("Search number or text").fill("nobody said this"))
      yield* wait(() => page.getByText("Nothing found").waitFor())
    }))
})

describe("a request of a carrier", () => {
  test("is shown with what was refused and why, without secrets", (page) =>
    Effect.gen(function*() {
      assert.strictEqual(
        yield* post(JSON.stringify({ id: "1", from: "+15145550142", to: "+15145550100", text: "Hi" })),
        200
      )
      assert.strictEqual(yield* post("{\"id\": 1}", "?token=of-the-carrier"), 400)
      yield* go(page, "#/requests?outcome=refused")
      const row = page.locator("tbody tr")
      yield* wait(() => row.getByText("400").waitFor())
      assert.strictEqual(yield* wait(() => row.count()), 1)
      yield* wait(() => row.getByRole("link").click())
      const panel = panelOf(page, "Request")
      yield* wait(() => panel.getByText(/does not understand/).waitFor())
      const text = yield* wait(() => panel.innerText())
      assert.include(text, "authorization: ••••")
      assert.include(text, "token=••••")
      assert.notInclude(text, "of-the-carrier")
      yield* wait(() => page.context().grantPermissions(["clipboard-read", "clipboard-write"]))
      yield* wait(() => panel.getByRole("button", { name: "Copy as curl" }).click())
      yield* wait(() => panel.getByRole("button", { name: "Copied" }).waitFor())
      // A received message leads to its webhook.
      yield* go(page, "#/messages")
      yield* wait(() => page.locator("tbody tr").getByRole("link").click())
      yield* wait(() => panelOf(page, "Received message").getByRole("link", { name: /POST/ }).click())
      yield* wait(() => panelOf(page, "Request").getByText("\"text\": \"Hi\"").waitFor())
    }))
})

describe("a dead letter", () => {
  test(
    "is replayed, and its message arrives",
    (page) =>
      Effect.gen(function*() {
        yield* bury("again")
        yield* go(page, "#/dead-letters")
        yield* wait(() => page.getByRole("row", { name: /Received message/ }).getByRole("link").click())
        yield* wait(() => page.getByRole("button", { name: "Replay" }).click())
        yield* wait(() => page.getByText("No dead letters").waitFor())
        yield* go(page, "#/conversations")
        yield* wait(() => page.getByRole("link", { name: /\+1 514 555 0177/ }).waitFor())
      }),
    { isStored: true }
  )
})

describe("the overview", () => {
  test("counts what is received and sent, as it happens", (page) =>
    Effect.gen(function*() {
      yield* go(page, "#/overview")
      const chart = (name: string) => page.getByRole("img", { name: new RegExp(`^${name}: `) })
      yield* wait(() => page.getByRole("img", { name: /^Received: 0/ }).waitFor())
      yield* receive("+15145550142", "Hello")
      yield* wait(() => page.getByRole("img", { name: /^Received: 1/ }).waitFor())
      yield* wait(() => chart("Sent").waitFor())
      yield* wait(() => page.getByRole("button", { name: "Week" }).click())
      yield* wait(() => page.getByRole("img", { name: /^Received: 1\. At most 1 in 2 hours/ }).waitFor())
      yield* wait(() => page.getByRole("heading", { name: "Twilio" }).waitFor())
    }))
})
