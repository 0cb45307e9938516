/** The documentation page in a browser: what a newcomer does with it. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Page } from "playwright-core"
import { start } from "../main/server.ts"
import { launch } from "./browser.ts"

const limit = 120_000
const token = "token-of-the-operator"
// Not on this machine, as far as the page can tell: it treats such hosts in other ways than local ones.
const host = "sms.example.com"

interface Exchange {
  readonly request: string
  readonly authorization: string | undefined
  readonly status: number
  readonly body: string
}

/** The page of a demonstration, with all that it asks of any server. */
const open = Effect.gen(function*() {
  const server = yield* start({ PORT: "0", ADMIN_TOKEN: token })
  const [, port] = /listens on http:\/\/127\.0\.0\.1:(\d+)/.exec(yield* server.until(/Ctrl-C stops the server\.\n/))!
  const browser = yield* launch(host)
  const page = yield* Effect.promise(() => browser.newPage({ viewport: { width: 1400, height: 1000 } }))
  const base = `http://${host}:${port}`
  const requested: Array<string> = []
  const failures: Array<string> = []
  page.on("request", (request) => requested.push(request.url()))
  page.on("pageerror", (error) => failures.push(error.message))
  // What the policy of the page blocks.
  page.on("console", (message) => {
    if (/content security policy/i.test(message.text())) failures.push(message.text())
  })
  yield* Effect.promise(() => page.goto(`${base}/docs`))
  yield* Effect.promise(() => page.getByPlaceholder("Token").first().waitFor())
  return { base, failures, page, requested }
})

const fillToken = (page: Page, value: string) =>
  Effect.promise(() => page.getByPlaceholder("Token").first().fill(value))

/** Opens the form of an endpoint, sends the sample as it is, and closes the form. */
const send = (page: Page, method: string, path: string) =>
  Effect.promise(async (): Promise<Exchange> => {
    await page.getByRole("button", { name: `Test Request (${method} ${path})` }).first().click()
    const dialog = page.getByRole("dialog")
    const answered = page.waitForResponse((response) => response.request().resourceType() === "fetch")
    await dialog.getByRole("button", { name: /^Send / }).first().click()
    const response = await answered
    const request = response.request()
    const exchange = {
      request: `${request.method()} ${new URL(request.url()).pathname}`,
      authorization: (await request.allHeaders())["authorization"],
      status: response.status(),
      body: await response.text()
    }
    await dialog.getByText(`${exchange.status} `).first().waitFor()
    await page.keyboard.press("Escape")
    await dialog.waitFor({ state: "hidden" })
    return exchange
  })

describe("the documentation page", () => {
  it.live(
    "sends requests with the token that is typed into it, and contacts no other server",
    () =>
      Effect.gen(function*() {
        const { base, failures, page, requested } = yield* open
        yield* fillToken(page, token)

        const rooms = yield* send(page, "get", "/rooms")
        assert.deepInclude(rooms, { request: "GET /rooms", authorization: `Bearer ${token}`, status: 200 })
        assert.lengthOf(JSON.parse(rooms.body).items, 4)

        const sent = yield* send(page, "post", "/messages")
        assert.deepInclude(sent, { request: "POST /messages", authorization: `Bearer ${token}`, status: 202 })
        assert.strictEqual(JSON.parse(sent.body).recipient, "+15145550142")

        // The report comes after the answer.
        const statuses = yield* Effect.repeat(send(page, "get", "/statuses"), {
          until: ({ body }) => body.includes(JSON.parse(sent.body).messageIds[0])
        })
        assert.strictEqual(statuses.status, 200)
        assert.include(
          JSON.parse(statuses.body).map(({ messageId }: { messageId: string }) => messageId),
          JSON.parse(sent.body).messageIds[0]
        )

        assert.deepStrictEqual(requested.filter((url) => !url.startsWith(`${base}/`) && !/^(data|blob):/.test(url)), [])
        assert.deepStrictEqual(failures, [])
      }),
    limit
  )

  it.live("shows that a token is wrong", () =>
    Effect.gen(function*() {
      const { page } = yield* open
      yield* fillToken(page, "another")
      const refused = yield* send(page, "get", "/rooms")
      assert.deepInclude(refused, { authorization: "Bearer another", status: 401 })
    }), limit)

  it.live(
    "fills the samples in: a carrier's webhook reaches its endpoint, which refuses it without a signature",
    () =>
      Effect.gen(function*() {
        const { page } = yield* open
        for (const kind of ["inbound", "status"]) {
          const posted = yield* send(page, "post", `/webhooks/sms/{provider}/${kind}`)
          assert.deepInclude(posted, { request: `POST /webhooks/sms/twilio/${kind}`, status: 403 })
        }
        const unknown = yield* send(page, "get", "/rooms/{id}/events")
        assert.match(unknown.request, /^GET \/rooms\/[0-9A-Z]{26}\/events$/)
      }),
    limit
  )
})
