import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { accepted, makeTwilio } from "../http/twilio.ts"
import { limit, run } from "./process.ts"

const account = { TWILIO_ACCOUNT_SID: "AC-of-mine", TWILIO_AUTH_TOKEN: "token-of-mine", TWILIO_FROM: "+15145550100" }
const to = ["--to", "+15145550142"]
const secrets = ["token-of-mine", "5550142", "Your parcel"]

/** Runs `send` to its end. What it prints has no secret, no number and no text in it, but for a receipt as JSON. */
const send = Effect.fnUntraced(function*(
  args: ReadonlyArray<string>,
  env: Record<string, string>,
  provider = "twilio"
) {
  const child = yield* run(["send", "--provider", provider, ...args], env)
  const code = yield* child.ended
  const [output, errors] = [child.output(), child.errors()]
  for (const secret of secrets) {
    assert.notInclude(errors, secret)
    if (code !== 0 || !args.includes("--json")) assert.notInclude(output, secret)
  }
  return { code, output, errors }
})

const text = "Your parcel is here"

describe("effect-sms send", () => {
  it.live("sends a text, says its id, and ends with 0", () =>
    Effect.gen(function*() {
      const twilio = yield* makeTwilio({ status: 201, body: accepted })
      const env = { ...account, TWILIO_BASE_URL: twilio.baseUrl }
      assert.deepStrictEqual(yield* send([...to, text], env, "Twilio"), {
        code: 0,
        output: "twilio accepted SM1: queued\n",
        errors: ""
      })
      assert.deepStrictEqual(twilio.asked.map(({ form }) => form), [
        { To: "+15145550142", From: "+15145550100", Body: text }
      ])
    }), limit)

  it.live("cleans a recipient that is pasted", () =>
    Effect.gen(function*() {
      const twilio = yield* makeTwilio({ status: 201, body: accepted })
      const env = { ...account, TWILIO_BASE_URL: twilio.baseUrl }
      const { code } = yield* send(["--to", "\u202A(+1) 514 555-0142\u202C\n", text], env)
      assert.deepStrictEqual([code, twilio.asked.map(({ form }) => form.To)], [0, ["+15145550142"]])
    }), limit)

  it.live(
    "sends files, from another sender, with an API key alone, and prints the receipt as JSON",
    () =>
      Effect.gen(function*() {
        const twilio = yield* makeTwilio({ status: 201, body: accepted })
        const { TWILIO_AUTH_TOKEN: _, ...env } = { ...account, TWILIO_BASE_URL: twilio.baseUrl }
        const key = { TWILIO_API_KEY: "SK1", TWILIO_API_SECRET: "token-of-mine" }
        const media = ["--media", "https://example.com/a.png"]
        const { code, errors, output } = yield* send(
          [...to, "--from", " +1 514-555-0101", ...media, "--json"],
          { ...env, ...key }
        )
        assert.deepStrictEqual([code, errors], [0, ""])
        assert.deepStrictEqual(JSON.parse(output), {
          provider: "twilio",
          messageIds: ["SM1"],
          recipient: "+15145550142",
          status: "queued",
          carrierStatus: "queued",
          segments: 1
        })
        const [{ form, request }] = twilio.asked as [typeof twilio.asked[number]]
        assert.deepStrictEqual(form, {
          To: "+15145550142",
          From: "+15145550101",
          MediaUrl: "https://example.com/a.png"
        })
        assert.strictEqual(
          request.headers.authorization,
          `Basic ${Buffer.from("SK1:token-of-mine").toString("base64")}`
        )
      }),
    limit
  )

  const others = [
    ["telnyx", { TELNYX_API_KEY: "token-of-mine", TELNYX_FROM: "+15145550100" }],
    [
      "sinch",
      {
        SINCH_SERVICE_PLAN_ID: "plan",
        SINCH_API_TOKEN: "token-of-mine",
        SINCH_REGION: "us",
        SINCH_FROM: "+15145550100",
        SINCH_DELIVERY_REPORT: "none"
      }
    ],
    [
      "voicemeup",
      { VOICEMEUP_USERNAME: "me", VOICEMEUP_AUTH_TOKEN: "token-of-mine", VOICEMEUP_FROM: "+15145550100" }
    ]
  ] as const
  for (const [provider, env] of others) {
    it.live(`sends with ${provider}, without what its webhooks are verified with`, () =>
      Effect.gen(function*() {
        const file = new URL(`../fixtures/send/${provider}/text.json`, import.meta.url)
        const { answer, receipt } = JSON.parse(readFileSync(file, "utf8"))
        const carrier = yield* makeTwilio({ status: answer.status, body: JSON.stringify(answer.body) })
        const child = yield* run(["send", "--provider", provider, ...to, text], {
          ...env,
          [`${provider.toUpperCase()}_BASE_URL`]: carrier.baseUrl
        })
        assert.strictEqual(yield* child.ended, 0, child.errors())
        assert.include(child.output(), receipt.messageIds[0])
        assert.lengthOf(carrier.asked, 1)
        assert.include(carrier.asked[0]!.body, "15145550142")
      }), limit)
  }

  const refusal = (status: number, code: number, message: string) => ({
    status,
    body: JSON.stringify({ code, message, status })
  })
  const ends = [
    [
      "3 when the message is refused",
      refusal(400, 21211, "The 'To' number +15145550142 is not a valid phone number."),
      [3, "UnprocessableContent", "InvalidRecipient", /^twilio: The recipient cannot .*code 21211.*Check --to\n$/]
    ],
    [
      "3 when the credentials are wrong",
      refusal(401, 20003, "Authenticate"),
      [3, "BadGateway", "Authentication", /^twilio: .*Check the account in the variables TWILIO_…\n$/]
    ],
    [
      "4 when the carrier fails while it has the message",
      refusal(500, 20500, "Internal Server Error"),
      [
        4,
        "GatewayTimeout",
        "OutcomeUnknown",
        /^twilio: .*Sending it again could deliver it twice. Look for the message.*\n$/
      ]
    ],
    [
      "4 when the connection breaks",
      "cut the connection",
      [4, "GatewayTimeout", "OutcomeUnknown", /^twilio: .*may have been sent.*\n$/]
    ]
  ] as const
  for (const [name, answer, [code, , reason, line]] of ends) {
    it.live(`ends with ${name}, and says so in one line`, () =>
      Effect.gen(function*() {
        const twilio = yield* makeTwilio(answer)
        const env = { ...account, TWILIO_BASE_URL: twilio.baseUrl }
        const told = yield* send([...to, text], env)
        assert.deepStrictEqual([told.code, told.output], [code, ""])
        assert.match(told.errors, line)
        const json = yield* send([...to, text, "--json"], env)
        assert.deepStrictEqual([json.code, json.errors], [code, told.errors])
        assert.deepInclude(JSON.parse(json.output), { provider: "twilio", reason })
        assert.lengthOf(twilio.asked, 2)
      }), limit)
  }

  it.live("ends with 4 when it is interrupted while the carrier has the message", () =>
    Effect.gen(function*() {
      const twilio = yield* makeTwilio()
      const child = yield* run(
        ["send", "--provider", "twilio", ...to, text],
        { ...account, TWILIO_BASE_URL: twilio.baseUrl }
      )
      yield* twilio.next
      const [code] = yield* child.end("SIGINT")
      assert.deepStrictEqual([code, child.output()], [4, ""])
      assert.match(child.errors(), /^Interrupted: the message may have been sent.*\n$/)
    }), limit)

  const withoutFrom = { TWILIO_ACCOUNT_SID: "AC-of-mine", TWILIO_AUTH_TOKEN: "token-of-mine" }
  const nobodys = [
    ["without content", to, account, /^twilio: text: expected a text or a file\. .*\n$/],
    [
      "with a bad URL",
      [...to, "--media", "ftp://example.com/a"],
      account,
      /^twilio: media\.0\.url: expected a URL.*\n$/
    ],
    ["without sender", [...to, text], withoutFrom, /^twilio: from: expected a sender.*\n$/]
  ] as const
  for (const [name, args, env, line] of nobodys) {
    it.live(`ends with 3 for a message ${name}, before it asks the carrier`, () =>
      Effect.gen(function*() {
        const twilio = yield* makeTwilio()
        const { code, errors } = yield* send(args, { ...env, TWILIO_BASE_URL: twilio.baseUrl })
        assert.strictEqual(code, 3)
        assert.match(errors, line)
        assert.lengthOf(twilio.asked, 0)
      }), limit)
  }

  const missing = [
    [{}, /^TWILIO_ACCOUNT_SID is missing: .+\n$/],
    [{ TWILIO_ACCOUNT_SID: "AC1" }, /^TWILIO_AUTH_TOKEN is missing, and so are TWILIO_API_KEY and .+\n$/],
    [{ TWILIO_ACCOUNT_SID: "AC1", TWILIO_API_KEY: "SK1" }, /^TWILIO_API_SECRET is missing: TWILIO_API_KEY is set.+\n$/]
  ] as const
  for (const [env, line] of missing) {
    it.live(
      `ends with 1 when a variable is missing, and names it: ${line.source.slice(1, 20)}`,
      () =>
        Effect.gen(function*() {
          const { code, errors, output } = yield* send([...to, text], env)
          assert.deepStrictEqual([code, output], [1, ""])
          assert.match(errors, line)
        }),
      limit
    )
  }

  const wrong = [
    [["send", "--provider", "twilio", text], /^Missing required flag: --to\. See effect-sms send --help\n$/],
    [["send", "--provider", "nobody", ...to, text], /^Invalid value for flag --provider.*\n$/],
    [["send", "--provider", "twilio", ...to, "--medai", "x", text], /^Unrecognized flag: --medai.*\n$/],
    [["send", "--provider", "twilio", "--to", "", text], /^Missing value for flag --to\..*length of at least 1.*\n$/],
    [
      ["send", "--provider", "twilio", "--to", "514-555-0142", text],
      /^Invalid value for flag --to\. Expected a phone number with its country code, as \+15145550142, [^"]*\n$/
    ],
    [["deliver"], /^Unknown subcommand "deliver".*See effect-sms --help\n$/]
  ] as const
  for (const [args, line] of wrong) {
    it.live(
      `ends with 2 for a command line that is wrong, and says what is: ${args.join(" ")}`,
      () =>
        Effect.gen(function*() {
          const child = yield* run(args, account)
          assert.strictEqual(yield* child.ended, 2)
          assert.strictEqual(child.output(), "")
          assert.match(child.errors(), line)
        }),
      limit
    )
  }

  const explained = [
    [
      ["--help"],
      0,
      /send [^]*\n +serve [^]*\n +tail [^]*\n +messages [^]*\n +replay [^]*\n +doctor [^]*\n +token [^]*\n +forget /
    ],
    [["send", "--help"], 0, /--provider[^]*--to[^]*--from[^]*--media[^]*--json/],
    [
      ["serve", "--help"],
      0,
      /Environment variables configure the server[^]*\nVARIABLES OF THE CARRIERS\n {2}TWILIO_AUTH_TOKEN +receiving +The auth token[^]*\n {2}SINCH_FROM +sending, optional +The default sender/
    ],
    [["token", "--help"], 0, /--scope[^]*--requests-per-minute[^]*--json/],
    [["--version"], 0, /^effect-sms v\d+\.\d+\.\d+\n$/],
    [[], 2, /SUBCOMMANDS/]
  ] as const
  for (const [args, code, text] of explained) {
    it.live(`explains itself: ${args.join(" ") || "no arguments"}`, () =>
      Effect.gen(function*() {
        const child = yield* run(args, {})
        assert.deepStrictEqual([yield* child.ended, child.errors()], [code, ""])
        assert.match(child.output(), text)
      }), limit)
  }
})
