import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer } from "effect"
import { DeliveryTracker } from "../../src/delivery/DeliveryTracker.ts"
import { DeliveryStatus } from "../../src/DeliveryStatus.ts"
import { errorUrl } from "../../src/internal/errorUrl.ts"
import * as SmsError from "../../src/SmsError.ts"
import { observe } from "../observe.ts"
import { secrets } from "./carriers.ts"
import { authorized, get, layerGateway, message, post, postText, sent } from "./gateway.ts"
import { type Answer, assertProblem, exchange, head, parseAnswer } from "./server.ts"

const problemOf = ({ body, headers, status }: Answer) => {
  const problem = JSON.parse(body)
  assert.strictEqual(headers["content-type"], "application/problem+json")
  // A carrier's refusal after a part was sent has a type of its own.
  const code = status === 409 && problem.accepted !== undefined ? "PartlySent" : problem.reason ?? "BadRequest"
  assert.deepStrictEqual([problem.type, problem.status], [errorUrl(code), status])
  return problem
}

const refusing = (reason: SmsError.SmsErrorReason) => layerGateway(() => Effect.fail(reason))

describe("POST /messages", () => {
  it.effect("answers 202 with the receipt once the message is accepted", () =>
    Effect.gen(function*() {
      const answer = yield* post({
        ...message,
        from: "+15145550100",
        media: [{ url: "https://example.com/a.png", mimeType: "image/png" }, { url: "https://example.com/b" }],
        sendAt: "2030-01-28T08:00:00-05:00",
        validityPeriod: 3600,
        statusCallback: "https://example.com/status",
        reference: "order-17"
      })
      assert.deepStrictEqual([answer.status, JSON.parse(answer.body)], [202, {
        provider: "mock",
        messageIds: ["mock-1"],
        recipient: "+15145550142",
        sender: "+15145550100",
        status: "queued",
        carrierStatus: "queued"
      }])
      const [out] = yield* sent
      assert.deepStrictEqual(JSON.parse(JSON.stringify(out)), {
        to: "+15145550142",
        from: "+15145550100",
        content: {
          _tag: "CompositeContent",
          parts: [
            { _tag: "TextContent", text: "Your parcel is here" },
            { _tag: "MediaContent", url: "https://example.com/a.png", mimeType: "image/png" },
            { _tag: "MediaContent", url: "https://example.com/b" }
          ]
        },
        sendAt: "2030-01-28T13:00:00.000Z",
        validityPeriod: JSON.parse(JSON.stringify(Duration.hours(1))),
        statusCallback: "https://example.com/status",
        reference: "order-17"
      })
    }).pipe(Effect.provide(layerGateway())))

  it.effect.each(
    [
      ["a byte that begins no character", [0xff]],
      ["half a character", [0xc3]],
      ["an overlong form", [0xc0, 0xaf]],
      ["half a surrogate pair", [0xed, 0xa0, 0xbd]]
    ] as const
  )("refuses invalid UTF-8, and sends nothing: %s", ([, octets]) =>
    Effect.gen(function*() {
      const [before = "", after = ""] = JSON.stringify({ ...message, text: "a|b" }).split("|")
      const body = Buffer.concat([Buffer.from(before), Uint8Array.from(octets), Buffer.from(after)])
      const headers = {
        host: "internal.example:8080",
        connection: "close",
        "content-type": "application/json",
        "content-length": String(body.length),
        ...authorized
      }
      assertProblem(parseAnswer(yield* exchange(head("POST", "/messages", headers), body)), 400, "Expected UTF-8")
      assert.lengthOf(yield* sent, 0)
    }).pipe(Effect.provide(layerGateway())))

  it.effect("refuses a URL that would be rewritten, and names its field", () =>
    Effect.gen(function*() {
      for (const url of ["https://exam\tple.com/a.png", "https://example.com/a.png\n", " https://example.com/a.png"]) {
        const media = yield* post({ ...message, media: [{ url }] })
        assert.match(problemOf(media).detail, /^media\.0\.url: expected a URL/)
        const callback = yield* post({ ...message, statusCallback: url })
        assert.match(problemOf(callback).detail, /^statusCallback: expected a URL/)
      }
      assert.lengthOf(yield* sent, 0)
    }).pipe(Effect.provide(layerGateway())))

  it.effect("refuses a field that is longer than carriers send, and names it", () =>
    Effect.gen(function*() {
      const long = "1".repeat(257)
      const fields = [
        ["to", { to: `+${long}` }],
        ["participants.0", { participants: [`+${long}`] }],
        ["participants", { participants: Array.from({ length: 101 }, () => "+15145550143") }],
        ["from", { from: long }],
        ["text", { text: "x".repeat(65_537) }],
        ["media.0.url", { media: [{ url: `https://example.com/${"x".repeat(8192)}` }] }],
        ["media.0.mimeType", { media: [{ url: "https://example.com/a", mimeType: long }] }],
        ["media", { media: Array.from({ length: 101 }, () => ({ url: "https://example.com/a" })) }],
        ["provider", { provider: long }],
        ["sendAt", { sendAt: long }],
        ["statusCallback", { statusCallback: `https://example.com/${"x".repeat(8192)}` }],
        ["reference", { reference: "x".repeat(2049) }]
      ] as const
      for (const [field, value] of fields) {
        const { detail } = problemOf(yield* post({ ...message, ...value }))
        assert.match(detail, new RegExp(`^${field}: Expected a value with a length of at most \\d+`), field)
      }
      assert.lengthOf(yield* sent, 0)
    }).pipe(Effect.provide(layerGateway())))

  it.effect("sends with the provider that is named", () =>
    Effect.gen(function*() {
      const answer = yield* post({ ...message, provider: "other" })
      assert.deepStrictEqual([answer.status, JSON.parse(answer.body).provider], [202, "other"])
      assert.lengthOf(yield* sent, 0)
    }).pipe(Effect.provide(layerGateway())))

  const answers: ReadonlyArray<readonly [SmsError.SmsErrorReason, number]> = [
    [new SmsError.InvalidMessage({ field: "content.text", expected: "something" }), 422],
    [new SmsError.NotSupported({ field: "content.media", expected: "at most 10 files" }), 422],
    [new SmsError.InvalidRecipient({ code: "21211", status: 400, detail: "No such number." }), 422],
    [new SmsError.InvalidSender({ code: "21606" }), 422],
    [new SmsError.OptedOut({ code: "21610" }), 422],
    [new SmsError.ContentRejected({}), 422],
    [new SmsError.UnregisteredSender({}), 422],
    [new SmsError.Unreachable({}), 422],
    [new SmsError.GuardRefused({ guard: "country", rule: "the list of countries" }), 422],
    [
      new SmsError.GuardRefused({ guard: "frequency", rule: "3 messages a day", retryAfter: Duration.seconds(90) }),
      429
    ],
    [new SmsError.DuplicateMessage({}), 409],
    [new SmsError.RateLimited({ retryAfter: Duration.millis(2500) }), 429],
    [new SmsError.RateLimited({}), 429],
    [new SmsError.Authentication({ code: "20003", status: 401 }), 502],
    [new SmsError.AccountSuspended({}), 502],
    [new SmsError.NotEnabled({}), 502],
    [new SmsError.UnexpectedResponse({ status: 418 }), 502],
    [new SmsError.ProviderUnavailable({ retryAfter: Duration.seconds(7) }), 503],
    [new SmsError.OutcomeUnknown({ because: "Timeout" }), 504]
  ]
  for (const [reason, status] of answers) {
    it.effect(`answers ${status} for ${reason._tag}, with the provider, the reason and the code`, () =>
      Effect.gen(function*() {
        const answer = yield* post(message)
        assert.strictEqual(answer.status, status)
        const problem = problemOf(answer)
        assert.deepInclude(problem, { provider: "mock", reason: reason._tag })
        assert.strictEqual(problem.code, reason.code)
        const seconds = "retryAfter" in reason && reason.retryAfter !== undefined
          ? Math.ceil(Duration.toSeconds(reason.retryAfter))
          : undefined
        assert.strictEqual(problem.retryAfter, seconds)
        assert.strictEqual(answer.headers["retry-after"], seconds?.toString())
        assert.notInclude(answer.body, "5550142")
        assert.notInclude(answer.body, message.text)
      }).pipe(Effect.provide(refusing(reason))))
  }

  it.effect("has a case above for every reason there is", () =>
    Effect.sync(() => {
      const tags = SmsError.SmsErrorReason.members.map((member) => member.fields._tag.schema.literal)
      assert.sameMembers(tags, [...new Set(answers.map(([{ _tag }]) => _tag))])
    }))

  it.effect("says what to do in the detail", () =>
    Effect.gen(function*() {
      const details = [
        [
          new SmsError.InvalidMessage({ field: "content.media.0.url", expected: "a URL" }),
          "media.0.url: expected a URL"
        ],
        [
          new SmsError.InvalidMessage({ field: "content", expected: "a text or a file" }),
          "text: expected a text or a file"
        ],
        [
          new SmsError.InvalidRecipient({ code: "21211", status: 400, detail: "No such number." }),
          "The recipient cannot receive messages (code 21211, HTTP 400). The carrier says: No such number"
        ],
        [
          new SmsError.OutcomeUnknown({ because: "Timeout" }),
          "The outcome is unknown and the message may have been sent: Timeout. Sending it again could deliver it twice"
        ]
      ] as const
      for (const [reason, detail] of details) {
        const answer = yield* Effect.provide(post(message), refusing(reason))
        assert.strictEqual(problemOf(answer).detail, detail)
      }
    }))

  it.effect("names the field of the request that is wrong", () =>
    Effect.gen(function*() {
      const cases = [
        [{ to: message.to }, "text"],
        [{ to: message.to, text: " " }, "text"],
        [{ to: message.to, media: [{ url: "ftp://example.com/a" }] }, "media.0.url"],
        [{ ...message, statusCallback: "nowhere" }, "statusCallback"],
        [{ ...message, provider: "nobody" }, "provider"],
        [{ ...message, provider: "twilio" }, "provider"]
      ] as const
      for (const [body, field] of cases) {
        const answer = yield* post(body)
        assert.strictEqual(answer.status, 422)
        assert.strictEqual(problemOf(answer).field, field)
      }
      const [nobody, twilio] = yield* Effect.forEach(["nobody", "twilio"], (provider) => post({ ...message, provider }))
      assert.deepInclude(problemOf(nobody!), {
        reason: "NotRegistered",
        detail: "No provider has this name; providers that can send: mock, other"
      })
      assert.deepInclude(problemOf(twilio!), { reason: "OnlyReceives" })
      assert.lengthOf(yield* sent, 0)
    }).pipe(Effect.provide(layerGateway())))

  it.effect("answers 400 for a request that is not of the documented form, and names what is wrong without repeating it", () =>
    Effect.gen(function*() {
      const cases: ReadonlyArray<readonly [string, RegExp]> = [
        ["", /./],
        ["{", /^Expected a valid JSON body$/],
        ["[]", /./],
        ["null", /./],
        ["{}", /^to: Missing key$/],
        [JSON.stringify({ ...message, to: 15145550142 }), /^to: /],
        [JSON.stringify({ ...message, to: "" }), /^to: /],
        [JSON.stringify({ ...message, text: ["secret-text"] }), /^text: /],
        [JSON.stringify({ ...message, media: "secret-text" }), /^media: /],
        [JSON.stringify({ ...message, media: [{}] }), /^media\.0\.url: Missing key$/],
        [JSON.stringify({ ...message, validityPeriod: 0 }), /^validityPeriod: /],
        [JSON.stringify({ ...message, validityPeriod: 1.5 }), /^validityPeriod: /],
        [JSON.stringify({ ...message, validityPeriod: "60" }), /^validityPeriod: /],
        [JSON.stringify({ ...message, sendAt: "5" }), /^sendAt: .*ISO 8601/],
        [JSON.stringify({ ...message, sendAt: "2030-01-28T08:00:00" }), /^sendAt: .*ISO 8601/],
        [JSON.stringify({ ...message, sendAt: "2030-13-28T08:00:00Z" }), /^sendAt: /],
        [JSON.stringify({ ...message, sendat: "2030-01-28T08:00:00Z" }), /^sendat: /],
        [JSON.stringify({ ...message, __proto__x: 1 }), /./]
      ]
      for (const [body, detail] of cases) {
        const answer = yield* postText(body)
        assert.strictEqual(answer.status, 400, body)
        const problem = problemOf(answer)
        assert.match(problem.detail, detail, body)
        assert.notInclude(problem.detail, "secret-text")
        assert.notInclude(problem.detail, "5550142")
      }
      const many = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`${index}`.repeat(300), 1]))
      assert.isBelow(problemOf(yield* post({ ...message, ...many })).detail.length, 2000)
      const both = problemOf(yield* post({ text: 1 }))
      assert.match(both.detail, /to: .*text: /)
      for (const key of ["", " ", "a b", "é", "x".repeat(256), "a\tb"]) {
        const answer = yield* post(message, { "idempotency-key": key })
        assert.strictEqual(answer.status, 400, key)
        assert.match(problemOf(answer).detail, /^idempotency-key: .*1 to 255 visible ASCII characters/)
      }
      assert.lengthOf(yield* sent, 0)
    }).pipe(Effect.provide(layerGateway())))

  it.effect("answers 413 for a large body and 415 for one that is not JSON", () =>
    Effect.gen(function*() {
      const large = JSON.stringify({ ...message, text: "x".repeat(2000) })
      assertProblem(yield* postText(large), 413, "The body exceeds 1000 bytes")
      // Without a length in the headers.
      const chunked = head("POST", "/messages", {
        host: "x",
        connection: "close",
        "transfer-encoding": "chunked",
        "content-type": "application/json",
        ...authorized
      })
      const chunk = `${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`
      assertProblem(parseAnswer(yield* exchange(chunked, chunk)), 413, "The body exceeds 1000 bytes")
      for (const type of ["application/x-www-form-urlencoded", "text/plain", "application/jsonx"]) {
        assertProblem(
          yield* post(message, { "content-type": type }),
          415,
          "Expected content type application/json"
        )
      }
      assert.strictEqual((yield* post(message, { "content-encoding": "gzip" })).status, 415)
      assert.strictEqual((yield* post(message, { "content-type": "Application/JSON; charset=utf-8" })).status, 202)
      assert.lengthOf(yield* sent, 1)
    }).pipe(Effect.provide(layerGateway(undefined, { maxBodyBytes: 1000 }))))

  it.effect("is answered 500 when something fails that should not have, which may have sent it", () => {
    const log = observe()
    return Effect.gen(function*() {
      assertProblem(
        yield* post(message),
        500,
        "The message may have been sent, and sending it again could deliver it twice"
      )
      assert.isTrue(log.lines.some(({ level, message }) => level === "Error" && message.includes("broken")))
    }).pipe(
      Effect.provide(Layer.provideMerge(layerGateway(() => Effect.die(new Error("broken"))), log.layer))
    )
  })

  it.effect("leaves no number, text or key in logs and spans", () => {
    const log = observe()
    return Effect.gen(function*() {
      yield* post(message, { "idempotency-key": "key-of-this" })
      yield* post({ ...message, text: "Another text" }, { "idempotency-key": "key-of-this" })
      yield* post({ ...message, provider: "nobody" })
      yield* get("/messages/mock-1?recipient=%2B15145550142")
      for (const private_ of ["5550142", "parcel", "Another text", secrets.admin]) {
        assert.notInclude(log.text(), private_)
      }
    }).pipe(Effect.provide(Layer.provideMerge(layerGateway(), log.layer)))
  })

  it.effect("is for who has the admin token, before anything of the request is read", () =>
    Effect.gen(function*() {
      for (
        const authorization of ["", "Bearer", "Bearer wrong", `Basic ${secrets.admin}`, `Bearer ${secrets.admin}x`]
      ) {
        const answer = yield* postText("{", { authorization })
        assertProblem(answer, 401)
        assert.strictEqual(answer.headers["www-authenticate"], "Bearer")
        assertProblem(yield* get("/messages/mock-1", { authorization }), 401)
      }
      assert.lengthOf(yield* sent, 0)
    }).pipe(Effect.provide(layerGateway())))

  it.effect("is closed to everybody when no token is configured", () =>
    Effect.gen(function*() {
      for (const authorization of ["", "Bearer ", "Bearer undefined", `Bearer ${secrets.admin}`]) {
        assertProblem(yield* post(message, { authorization }), 401)
        assertProblem(yield* get("/messages/mock-1", { authorization }), 401)
      }
      assert.lengthOf(yield* sent, 0)
    }).pipe(Effect.provide(layerGateway(undefined, { adminToken: undefined }))))
})

describe("GET /messages/:id", () => {
  const status = (fields: Partial<ConstructorParameters<typeof DeliveryStatus>[0]>) =>
    new DeliveryStatus({
      provider: "mock",
      messageId: "mock-1",
      status: "sent",
      carrierStatus: "SENT",
      recipient: "+15145550142" as never,
      idempotencyKey: `${fields.status}`,
      raw: {},
      ...fields
    })

  it.effect("says what is known of a message that was sent", () =>
    Effect.gen(function*() {
      const tracker = yield* DeliveryTracker
      yield* post(message)
      const at = "1970-01-01T00:00:00.000Z"
      const entry = { at, effect: "changed" }
      assert.deepStrictEqual(JSON.parse((yield* get("/messages/mock-1")).body), {
        provider: "mock",
        messageId: "mock-1",
        recipient: "+15145550142",
        status: "queued",
        since: at,
        terminal: false,
        contradictions: [],
        history: [{ ...entry, status: "queued", carrierStatus: "queued" }],
        dropped: 0
      })
      yield* tracker.update(
        status({ status: "undelivered", carrierStatus: "failed", errorCode: "30003", errorMessage: "Unreachable" })
      )
      yield* tracker.update(status({ status: "delivered" }))
      const view = JSON.parse((yield* get("/messages/mock-1?provider=mock&recipient=15145550142")).body)
      assert.deepInclude(view, {
        status: "undelivered",
        terminal: true,
        errorCode: "30003",
        errorMessage: "Unreachable"
      })
      assert.deepStrictEqual(view.contradictions, ["delivered"])
      assert.deepStrictEqual(view.history.map(({ effect }: { effect: string }) => effect), [
        "changed",
        "changed",
        "contradicted"
      ])
    }).pipe(Effect.provide(layerGateway())))

  it.effect("asks for the provider where two have the id, and for the recipient where there are two", () =>
    Effect.gen(function*() {
      const tracker = yield* DeliveryTracker
      yield* post(message)
      yield* post({ ...message, provider: "other" })
      assertProblem(yield* get("/messages/mock-1"), 400, "provider: several providers have a message with this id")
      for (const provider of ["mock", "other"]) {
        const answer = yield* get(`/messages/mock-1?provider=${provider}`)
        assert.deepStrictEqual([answer.status, JSON.parse(answer.body).provider], [200, provider])
      }
      yield* tracker.update(status({ recipient: "+15145550143" as never }))
      assertProblem(
        yield* get("/messages/mock-1?provider=mock"),
        404,
        "Unknown message, or a message to several recipients: then set recipient"
      )
      for (const recipient of ["+15145550142", "+15145550143"]) {
        const answer = yield* get(`/messages/mock-1?provider=mock&recipient=${encodeURIComponent(recipient)}`)
        assert.deepStrictEqual([answer.status, JSON.parse(answer.body).recipient], [200, recipient])
      }
    }).pipe(Effect.provide(layerGateway())))

  it.effect("answers 404 for what is not known", () =>
    Effect.gen(function*() {
      yield* post(message)
      for (
        const target of [
          "mock-2",
          "__proto__",
          "%00",
          "mock-1?provider=other",
          "mock-1?provider=nobody",
          "mock-1?recipient=%2B15145550199"
        ]
      ) {
        assert.strictEqual((yield* get(`/messages/${target}`)).status, 404, target)
      }
      for (const query of ["provider=mock&provider=other", "recipient=1&recipient=2"]) {
        assert.strictEqual((yield* get(`/messages/mock-1?${query}`)).status, 400, query)
      }
    }).pipe(Effect.provide(layerGateway())))
})

describe("the routes of the gateway", () => {
  it.effect("are in one document with what is posted to applications", () =>
    Effect.gen(function*() {
      const { body } = yield* get("/openapi.json")
      const document = JSON.parse(body)
      assert.sameMembers(Object.keys(document.webhooks), [
        "message.received",
        "delivery.changed",
        "consent.changed",
        "alarm.raised"
      ])
      const { content } = document.webhooks["message.received"].post.requestBody
      const text = JSON.stringify(content["application/json"].schema)
      // Every reference leads somewhere.
      const references = Array.from(
        JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g),
        ([, name]) => name!
      )
      for (const name of references) assert.property(document.components.schemas, name)
      assert.notInclude(JSON.stringify(document.webhooks), "$defs")
      const root = text.includes("$ref") ? JSON.stringify(document.components.schemas) : text
      assert.include(root, "message.received")
    }).pipe(Effect.provide(layerGateway())))

  it.effect("are in one OpenAPI document, with every answer and what it needs", () =>
    Effect.gen(function*() {
      const { paths } = JSON.parse((yield* get("/openapi.json", {})).body)
      const { get: read, post: send } = { ...paths["/messages"], ...paths["/messages/{id}"] }
      assert.property(paths, "/webhooks/sms/{provider}/inbound")
      for (const operation of [read, send]) {
        assert.isString(operation.summary)
        assert.deepStrictEqual(operation.security, [{ bearer: [] }])
      }
      assert.sameMembers(Object.keys(send.responses), [
        "202",
        "400",
        "401",
        "403",
        "408",
        "409",
        "413",
        "415",
        "422",
        "429",
        "500",
        "502",
        "503",
        "504"
      ])
      for (const [status, { content }] of Object.entries<{ content: object }>(send.responses)) {
        assert.deepStrictEqual(Object.keys(content), [
          status === "202" ? "application/json" : "application/problem+json"
        ])
      }
      assert.property(send.responses["429"].headers, "retry-after")
      assert.deepStrictEqual(send.parameters.map(({ name }: { name: string }) => name), ["idempotency-key"])
      assert.deepStrictEqual(read.parameters.map(({ name }: { name: string }) => name), ["id", "provider", "recipient"])
      assert.include((yield* get("/docs", {})).body, "Send a message")
      assert.deepStrictEqual(JSON.parse((yield* get("/rooms", authorized)).body), { items: [] })
    }).pipe(Effect.provide(layerGateway())))
})
