/** Values that no carrier and no server can use stop the start, with the likely mistake. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { inspect } from "node:util"
import { Address, type Kind, kind } from "../../src/Address.ts"
import { InvalidVariable } from "../../src/provider/Environment.ts"
import * as keys from "../telnyx/keys.ts"
import { start } from "./config.ts"

type Env = Readonly<Record<string, string>>

const hex = "0123456789abcdef0123456789abcdef"

/** An environment in which each carrier receives and sends. */
const carriers = {
  twilio: { TWILIO_AUTH_TOKEN: hex, TWILIO_ACCOUNT_SID: `AC${hex}` },
  sinch: {
    SINCH_VERIFICATION: "none",
    SINCH_SERVICE_PLAN_ID: hex,
    SINCH_API_TOKEN: "sinch-api-token",
    SINCH_REGION: "eu"
  },
  telnyx: { TELNYX_PUBLIC_KEY: keys.publicKey, TELNYX_API_KEY: "KEY0123456789ABCDEF_telnyx" },
  voicemeup: { VOICEMEUP_VERIFICATION: "none", VOICEMEUP_USERNAME: "me", VOICEMEUP_AUTH_TOKEN: "voicemeup-token" }
} satisfies Record<string, Env>

const all: Env = Object.assign({}, ...Object.values(carriers))

const mobile = "+15145550100"

/** The line about a value, which names the variable and repeats nothing of the value. */
const lineOf = Effect.fnUntraced(function*(env: Env, name: string, value: string) {
  const error = yield* Effect.flip(start({ ...env, [name]: value }))
  assert.instanceOf(error, InvalidVariable)
  assert.strictEqual(error.variable, name)
  if (value.length > 8) assert.notInclude(inspect(error, { depth: 9 }), value)
  return error.message
})

const refuses = (env: Env, name: string, cases: ReadonlyArray<readonly [value: string, line: RegExp]>) =>
  Effect.forEach(cases, ([value, line]) => Effect.map(lineOf(env, name, value), (text) => assert.match(text, line)))

const takes = (env: Env, name: string, values: ReadonlyArray<string>) =>
  Effect.forEach(values, (value) => start({ ...env, [name]: value }))

describe("limits of sending", () => {
  it.effect("that say nothing stop the start", () =>
    Effect.andThen(
      refuses(
        all,
        "SEND_RATE_LIMIT",
        ["1", "0/second", "1/fortnight", "-1/second", "1/second parts", "1e3/day"].map((value) => [
          value,
          /^SEND_RATE_LIMIT must be a number of messages per time, as in 1\/second/
        ])
      ),
      refuses(
        all,
        "SEND_CIRCUIT_FAILURES",
        ["0", "five", "1.5", "10000"].map((value) => [
          value,
          /^SEND_CIRCUIT_FAILURES must be a number of failures in a row/
        ])
      )
    ))

  it.effect("are taken as the documentation has them", () =>
    Effect.andThen(
      takes(all, "SEND_RATE_LIMIT", ["1/second", "0.5/second", "100/minute", "1000/day", "1/second segments"]),
      takes(all, "SEND_CIRCUIT_FAILURES", ["1", "5", "9999"])
    ))
})

describe("consent", () => {
  it.effect("that is misspelt stops the start", () =>
    Effect.gen(function*() {
      yield* refuses(all, "CONSENT", [["of", /must be one of on, off/]])
      yield* refuses(all, "CONSENT_SCOPE", [["everything", /must be one of all, provider, number/]])
      yield* refuses(all, "CONSENT_ANSWER", [["yes", /must be one of auto, always, never/]])
      yield* refuses(all, "CONSENT_FREE_TEXT", [["on", /must be one of enforce, suggest, off/]])
      yield* refuses(all, "CONSENT_EXEMPT", [
        [
          "otp",
          /^CONSENT_EXEMPT must be a comma-separated list of marketing, conversational, transactional, oneTimeCode/
        ],
        ["confirmation", /must be a comma-separated list of/]
      ])
      yield* refuses(all, "CONSENT_LANGUAGES", [["en,de", /must be a comma-separated list of en, fr, es/]])
      yield* refuses(all, "CONSENT_LANGUAGES", [[",,", /must be a comma-separated list of en, fr, es/]])
      yield* refuses(all, "CONSENT_STOP_WORDS", [
        ["12345", /must be a comma-separated list of words/],
        [",,", /must be a comma-separated list of words/],
        ["REMOVE,Start", /^CONSENT_STOP_WORDS must have no word that opts in or asks for help, as START does/],
        ["info", /must have no word that opts in or asks for help, as INFO does/]
      ])
    }))

  it.effect("is taken as the documentation has it", () =>
    Effect.gen(function*() {
      yield* takes(all, "CONSENT", ["on", "off", "OFF"])
      yield* takes(all, "CONSENT_EXEMPT", ["oneTimeCode", "transactional, oneTimeCode"])
      yield* takes(all, "CONSENT_LANGUAGES", ["en", "en,fr,es"])
      yield* takes(all, "CONSENT_STOP_WORDS", ["REMOVE", "remove, désabonner", "STOP", "iniciar"])
    }))
})

describe("the loop guard", () => {
  it.effect("that is misspelt stops the start", () =>
    Effect.gen(function*() {
      yield* refuses(all, "LOOP_GUARD", [["no", /must be one of on, off/]])
      yield* refuses(all, "LOOP_GUARD_ANSWERS", [["0", /must be a whole number from 1 to 9999/]])
      yield* refuses(all, "LOOP_GUARD_MINUTES", [["ten", /must be a whole number from 1 to 9999/]])
      yield* takes(all, "LOOP_GUARD_ANSWERS", ["1", "30"])
    }))
})

describe("quiet hours", () => {
  it.effect("that are misspelt stop the start", () =>
    Effect.gen(function*() {
      const hours = /must be countries or states and their hours/
      yield* refuses(all, "QUIET_HOURS", [["22:00", /must be one of on, off/]])
      yield* refuses(all, "QUIET_HOURS_STATES", [["FL", /must be one of on, off/]])
      yield* refuses(all, "QUIET_HOURS_WINDOWS", [["08:00-21:00", hours], ["US 8-21", hours], [
        "us 08:00-21:00",
        hours
      ]])
      const regions = /must name countries, and states of the United States and Canada, each once, as in US-FL, CA, GB/
      yield* refuses(all, "QUIET_HOURS_WINDOWS", [
        ["UK 09:00-20:00", regions],
        ["US-ZZ 09:00-20:00", regions],
        ["AU-NSW 09:00-20:00", regions],
        ["CA 09:00-20:00; CA 10:00-20:00", regions]
      ])
      yield* refuses(all, "QUIET_HOURS_HOLD", [["bulk", /must be a comma-separated list of marketing/], [
        "marketing, confirmation",
        /must be a comma-separated list of marketing/
      ]])
      yield* refuses(all, "QUIET_HOURS_REFUSE", [["help", /must be a comma-separated list of marketing/], [
        "marketing",
        /must have no purpose that QUIET_HOURS_HOLD has too/
      ]])
      yield* takes(all, "QUIET_HOURS_WINDOWS", [
        "US-FL 09:00-19:00; CA 09:00-21:00, 10:00-18:00, none",
        "* 08:00-20:00"
      ])
      yield* takes(all, "QUIET_HOURS_REFUSE", ["transactional, conversational"])
    }))

  it.effect("names limits that are written wrong", () =>
    Effect.gen(function*() {
      const rate = /must be .*number.* of messages per time, up to 1000/
      yield* refuses(all, "SEND_FREQUENCY", [["3", rate], ["3/day 10/week", rate], ["0/day", rate], ["2000/day", rate]])
      yield* takes(all, "SEND_FREQUENCY", ["3/day", "3/day, 10/week", "1000/minute"])
      yield* refuses(all, "SEND_FREQUENCY_PURPOSES", [["bulk", /must be a comma-separated list of marketing/]])
      yield* refuses(all, "SEND_FREQUENCY_ACTION", [["wait", /must be one of hold, refuse/]])
      const codes = /must be a comma-separated list of ISO 3166 countries, as in US, CA, GB/
      yield* refuses(all, "SEND_COUNTRIES", [["USA", codes], ["us", codes], ["US CA", codes], ["UK", codes]])
      yield* takes(all, "SEND_COUNTRIES", ["US", "US, CA, GB"])
      const budget = /must be ISO 3166 countries or \*, total, and amounts, as in US 10000, \* 500, total 12000/
      yield* refuses(all, "SEND_BUDGET", [["10000", budget], ["UK 100", budget], ["US -1", budget], ["US: 1", budget], [
        "US 1, US 2",
        /must name each country once/
      ]])
      yield* takes(all, "SEND_BUDGET", ["US 10000", "US 10000, * 500, total 12000", "* 0.5"])
      yield* refuses(all, "SEND_BUDGET_ACTION", [["stop", /must be one of hold, refuse/]])
      yield* refuses(all, "SEND_BUDGET_ALARM", [["80", /percentage/], ["0%", /percentage/], ["101%", /percentage/]])
      yield* refuses(all, "SEND_PRICES", [["0.01", /must be ISO 3166/], ["US 0.01", /must have a price for \*/]])
      yield* takes(all, "SEND_PRICES", ["US 0.0079, * 0.1"])
      yield* refuses(all, "SEND_PREFIX_LIMIT", [["many", rate], ["1/second", rate]])
      const replies = /and the part of them that is replied to, as in 100\/day, 20%/
      yield* refuses(all, "SEND_REPLIES", [["100/day", replies], ["20%", replies], ["100/day, 0%", replies]])
      yield* takes(all, "SEND_REPLIES", ["100/day, 20%"])
      yield* refuses(all, "SEND_WARNINGS", [["yes", /must be one of on, off/]])
      yield* refuses(all, "SEND_WARNINGS_SEGMENTS", [["0", /must be a whole number of segments from 1 to 99/]])
      yield* refuses(all, "SEND_REGISTERED", [["514-555-0100", /must be a comma-separated list of senders, as in/]])
      yield* takes(all, "SEND_REGISTERED", ["+1 514 555 0100, 12345", "+15145550100"])
      yield* refuses(all, "SEND_REPLIES_PURPOSES", [["otp", /must be a comma-separated list of marketing/]])
    }))
})

describe("PUBLIC_URL", () => {
  it.effect("that no carrier can call stops the start", () =>
    refuses(all, "PUBLIC_URL", [
      ["https://https://sms.example.com", /must name the scheme once/],
      ["https://http://sms.example.com/api", /must name the scheme once/],
      ["http://https:sms.example.com", /must name the scheme once/],
      ["https://https//sms.example.com", /must name the scheme once/],
      ["https://a.example.com;https://b.example.com", /must name the scheme once: several URLs have commas/],
      ["https:/sms.example.com", /must be a URL that begins with/],
      ["https:///sms.example.com", /must be a URL that begins with/],
      ["https:sms.example.com", /must be a URL that begins with/],
      ["https:\\\\sms.example.com", /must be a URL that begins with/],
      ["https://a.example.com https://b.example.com", /must contain no blanks/],
      ["https://sms.example.com/a b", /must contain no blanks/],
      ["https://sms.exam\tple.com", /must contain no blanks/],
      ["https://sms.example.com/webhooks/sms/twilio/inbound", /must end before \/webhooks\/sms: the server appends it/],
      ["https://sms.example.com/api/webhooks/sms/sinch/status?token=x", /must end before \/webhooks\/sms/],
      ["https://sms.example.com/webhooks/sms/", /must end before \/webhooks\/sms/],
      ["https://*.example.com", /must be a URL that names a host/],
      ["https://sms.example.com:99999", /must be a URL that names a host/],
      ["https://sms.example.com:0", /must be a URL that names a host/],
      ["https://sms.example.com:", /must be a URL that names a host/],
      ["https://sms..example.com", /must be a URL that names a host/],
      ["https://-sms.example.com", /must be a URL that names a host/],
      ["https://sms-.example.com/api", /must be a URL that names a host/],
      ["https://<your-domain>", /must be a URL that names a host/],
      ["https://münchen.example.com", /must be written in ASCII/],
      ["https://sms.example.com/ö", /must be written in ASCII/],
      ["https://sms.example.com/?a=1", /must end before the query/],
      ["https://a.example.com,sms.example.com", /must be a URL that begins with/],
      [" , ", /must be a URL that begins with/]
    ]))

  it.effect("that carriers can call is taken", () =>
    takes(all, "PUBLIC_URL", [
      "https://sms.example.com",
      "HTTPS://sms.example.com:8443/api/",
      "http://127.0.0.1:3000",
      "https://[2001:db8::1]:3000",
      "https://user:password@sms.example.com",
      "https://xn--mnchen-3ya.example.com/%C3%B6",
      "https://httpserver.example.com/webhooks",
      "https://old.example.com, https://new.example.com"
    ]))

  it.effect("with an underscore in the host stops the start where Twilio would refuse it", () =>
    Effect.gen(function*() {
      const url = "https://my_sms.example.com"
      yield* refuses(carriers.twilio, "PUBLIC_URL", [[url, /must name a host without underscores/]])
      yield* takes(carriers.sinch, "PUBLIC_URL", [url])
    }))
})

describe("a base URL", () => {
  it.effect("that has the path already, or is none, stops the start", () =>
    Effect.gen(function*() {
      const paths = { TWILIO: "/2010-04-01", SINCH: "/xms/v1", TELNYX: "/v2", VOICEMEUP: "/api/v1.1" }
      for (const [prefix, path] of Object.entries(paths)) {
        const name = `${prefix}_BASE_URL`
        yield* refuses(all, name, [
          [`https://api.example.com${path}`, new RegExp(`must end before ${path}: the server appends it`)],
          [`https://api.example.com${path}/messages`, /must end before \//],
          ["https://https://api.example.com", /must name the scheme once/],
          ["api.example.com", /must be a URL that begins with/]
        ])
        yield* takes(all, name, ["https://api.example.com/", "http://127.0.0.1:1234/proxy"])
      }
    }))
})

const senders: Readonly<Record<Kind, ReadonlyArray<string>>> = {
  PhoneNumber: [mobile, "+4915112345678"],
  ShortCode: ["12345", "555000"],
  SenderId: ["ACME", "My Shop 24"],
  ChannelAddress: [`whatsapp:${mobile}`, "messenger:123456", "rcs:acme_agent"]
}

const wrongSenders: ReadonlyArray<readonly [value: string, line: RegExp]> = [
  ["(514) 555-0100", /Write no blanks, brackets, dots or hyphens$/],
  ["+1 514 555 0100", /Write no blanks, brackets, dots or hyphens$/],
  ["+1-514-555-0100", /Write no blanks, brackets, dots or hyphens$/],
  ["+1.514.555.0100", /Write no blanks/],
  ["514-555-0100", /Write no blanks/],
  ["0015145550100", /Write \+ in place of 00$/],
  ["+05145550100", /^\w+ must be a phone number with \+ and the country code/],
  ["+1514555010", /After \+1 come ten digits/],
  ["+151455501000", /After \+1 come ten digits/],
  ["+11145550100", /After \+1 come ten digits/],
  ["tel:+15145550100", /Write the number alone$/],
  ["WhatsApp: +15145550100", /^\w+ must be/],
  ["whatsapp:15145550100", /After whatsapp: comes a phone number$/],
  ["whatsapp:+1 514 555 0100", /After whatsapp: comes a phone number$/],
  ["A very long name", /A name has at most 11 characters$/],
  ["Żabka", /A name consists of ASCII characters$/],
  ["acme@x.ca", /A name consists of ASCII characters$/]
]

describe("a sender", () => {
  it.effect("is one of the kinds that the carrier has, and is written as they are", () =>
    Effect.gen(function*() {
      for (const [carrier, env] of Object.entries(carriers)) {
        const name = `${carrier.toUpperCase()}_FROM`
        const more: Env = { ...env, TELNYX_MESSAGING_PROFILE_ID: "16fd2706-8baf-433b-82eb-8c7fada847da" }
        const own = Object.fromEntries(
          Object.entries(more).filter(([other]) => other.startsWith(`${carrier.toUpperCase()}_`))
        )
        const provider = (yield* start(own)).get(carrier)!
        const has = provider.capabilities.send!.senders
        for (const [of, values] of Object.entries(senders)) {
          for (const value of values) {
            assert.strictEqual(kind(Address.make(value)), of, value)
            if (!has.some((other) => other === of)) {
              yield* refuses(own, name, [[value, /must be a phone number with \+ and the country code/]])
            } else assert.strictEqual((yield* start({ ...own, [name]: value })).get(carrier)!.from, value)
          }
        }
        yield* refuses(own, name, wrongSenders)
      }
    }))

  it.effect("without + is a number where the carrier writes numbers so", () =>
    Effect.gen(function*() {
      for (const carrier of ["sinch", "voicemeup"] as const) {
        const env = { ...carriers[carrier], [`${carrier.toUpperCase()}_FROM`]: mobile.slice(1) }
        assert.strictEqual((yield* start(env)).get(carrier)!.from, mobile)
      }
      for (const carrier of ["twilio", "telnyx"] as const) {
        yield* refuses(carriers[carrier], `${carrier.toUpperCase()}_FROM`, [
          [mobile.slice(1), /The \+ is missing, or the country code$/],
          ["5145550100", /The \+ is missing, or the country code$/]
        ])
      }
    }))

  it.effect("of Twilio is no SID, and one of Telnyx with a name needs a profile", () =>
    Effect.gen(function*() {
      yield* refuses(carriers.twilio, "TWILIO_FROM", [
        [`MG${hex}`, /This looks like a messaging service, which belongs in TWILIO_MESSAGING_SERVICE_SID$/]
      ])
      const profile = { TELNYX_MESSAGING_PROFILE_ID: "16fd2706-8baf-433b-82eb-8c7fada847da" }
      yield* refuses({ ...carriers.telnyx, ...profile }, "TELNYX_FROM", [["A&B", /letters, digits and blanks$/]])
      const error = yield* Effect.flip(start({ ...carriers.telnyx, TELNYX_FROM: "ACME" }))
      assert.match(error.message, /^TELNYX_MESSAGING_PROFILE_ID is missing: TELNYX_FROM is a name/)
    }))
})

describe("an id or a credential", () => {
  const key: Env = { TWILIO_API_KEY: `SK${hex}`, TWILIO_API_SECRET: "key-secret" }
  const cases: ReadonlyArray<readonly [name: string, env: Env, ReadonlyArray<readonly [string, RegExp]>]> = [
    ["TWILIO_ACCOUNT_SID", carriers.twilio, [
      [`SK${hex}`, /AC and 32 hexadecimal digits\. This looks like an API key, which belongs in TWILIO_API_KEY$/],
      [`MG${hex}`, /This looks like a messaging service, which belongs in TWILIO_MESSAGING_SERVICE_SID$/],
      [hex, /must be the SID of an account: AC and 32 hexadecimal digits$/],
      [`AC${hex.slice(1)}`, /must be the SID of an account/],
      [`ac${hex}`, /must be the SID of an account/],
      [`AC${hex}/`, /must be the SID of an account/]
    ]],
    ["TWILIO_WEBHOOK_ACCOUNTS", carriers.twilio, [
      [`AC${hex}, SK${hex}`, /AC and 32 hexadecimal digits\. This looks like an API key/],
      [`AC${hex};AC${hex}`, /must be the SID of an account, or several with commas between them/],
      [`AC${hex} AC${hex}`, /must be the SID of an account/],
      ["my account", /must be the SID of an account/]
    ]],
    ["TWILIO_API_KEY", { ...carriers.twilio, ...key }, [
      [`AC${hex}`, /must be the SID of an API key.*an account, which belongs in TWILIO_ACCOUNT_SID$/],
      ["SK123", /must be the SID of an API key: SK and 32/]
    ]],
    ["TWILIO_API_SECRET", { ...carriers.twilio, ...key }, [["key secret", /must contain no blank/]]],
    ["TWILIO_MESSAGING_SERVICE_SID", carriers.twilio, [["My service", /must be the SID of a messaging service: MG/]]],
    ["TWILIO_AUTH_TOKEN", carriers.twilio, [
      [`AC${hex}`, /must be the auth token\. This looks like an account/],
      [`old, SK${hex}`, /must be the auth token\. This looks like an API key/],
      ["auth token", /must contain no blank and no line break: several are separated by commas$/],
      ["old\nnew", /must contain no blank/]
    ]],
    ["TWILIO_REGION", { ...carriers.twilio, TWILIO_EDGE: "dublin" }, [
      ["dublin", /must be a region, as in ie1: its edge belongs in TWILIO_EDGE$/],
      ["eu-west-1", /must be a region/],
      ["ie1.twilio.com", /must be a region/]
    ]],
    ["TWILIO_EDGE", { ...carriers.twilio, TWILIO_REGION: "IE1" }, [
      ["ie1", /must be an edge, as in dublin: its region belongs in TWILIO_REGION$/],
      ["api.dublin", /must be an edge/]
    ]],
    ["SINCH_SERVICE_PLAN_ID", carriers.sinch, [
      [
        "16fd2706-8baf-433b-82eb-8c7fada847da",
        /must be the id of a service plan\. This looks like the id of a project$/
      ],
      ["my plan", /must be the id of a service plan/],
      ["https://us.sms.api.sinch.com/xms/v1/plan", /must be the id of a service plan/]
    ]],
    ["SINCH_API_TOKEN", carriers.sinch, [
      ["Bearer 0123456789", /must be the secret alone, without the word before it$/],
      ["tök€n-of-sinch", /must consist of ASCII characters$/]
    ]],
    ["SINCH_REGION", carriers.sinch, [["us-east", /must be one of us, eu, au, br, ca$/]]],
    ["TELNYX_API_KEY", carriers.telnyx, [
      [keys.publicKey, /must be an API key\. This looks like the public key, for TELNYX_PUBLIC_KEY$/],
      ["KEY0123 456", /must contain no blank/]
    ]],
    ["TELNYX_PUBLIC_KEY", carriers.telnyx, [
      ["KEY0123456789ABCDEF_telnyx", /must be the public key\. This looks like an API key, for TELNYX_API_KEY$/],
      ["-----BEGIN PUBLIC KEY-----\nabc\n-----END PUBLIC KEY-----", /looks like PEM/]
    ]],
    ["TELNYX_MESSAGING_PROFILE_ID", carriers.telnyx, [["my profile", /must be the id of a profile/]]],
    ["VOICEMEUP_USERNAME", carriers.voicemeup, [["me and you", /must be the name of a user, without blanks$/]]],
    ["VOICEMEUP_AUTH_TOKEN", carriers.voicemeup, [["to ken", /must contain no blank/]]],
    ["VOICEMEUP_WEBHOOK_TOKEN", {}, [["to ken", /must contain no blank/]]],
    ["SINCH_WEBHOOK_SECRET", {}, [["old new", /must contain no blank/]]]
  ]
  for (const [name, env, wrong] of cases) {
    it.effect(`that is none stops the start: ${name}`, () => refuses(env, name, wrong))
  }

  it.effect("that is one is taken", () =>
    Effect.gen(function*() {
      yield* start({
        ...all,
        ...key,
        TWILIO_REGION: "IE1",
        TWILIO_EDGE: "Dublin",
        TWILIO_MESSAGING_SERVICE_SID: `MG${hex}`
      })
      // Servers that stand in for Twilio have ids of their own.
      yield* start({ ...carriers.twilio, TWILIO_ACCOUNT_SID: "AC-test", TWILIO_BASE_URL: "http://127.0.0.1:1" })
      yield* start({ ...carriers.twilio, TWILIO_WEBHOOK_ACCOUNTS: `AC${hex},, AC${hex.toUpperCase()},` })
      yield* refuses({ ...carriers.twilio, TWILIO_BASE_URL: "http://127.0.0.1:1" }, "TWILIO_ACCOUNT_SID", [
        ["SK-test", /This looks like an API key/]
      ])
    }))
})

describe("any variable", () => {
  it.effect("that a tool has spoilt stops the start", () =>
    Effect.gen(function*() {
      const names = [
        "TWILIO_AUTH_TOKEN",
        "SINCH_API_TOKEN",
        "TELNYX_FROM",
        "VOICEMEUP_USERNAME",
        "PUBLIC_URL",
        "ADMIN_TOKEN"
      ]
      for (const name of names) {
        yield* refuses(all, name, [
          [`"quoted-value"`, /must be written without the quotes around it$/],
          ["'quoted-value'", /must be written without the quotes around it$/],
          ["${OTHER_VARIABLE}", /is the name of another variable/],
          ["{{ secrets.token }}", /is the name of another variable/],
          [`${name}=value`, /begins with its own name: write the value alone$/],
          ["…", /looks like a placeholder: write the value in its place$/],
          ["<token>", /looks like a placeholder/],
          ["your-token-here", /looks like a placeholder/],
          ["changeme", /looks like a placeholder/],
          ["pasted\u200bvalue", /contains an invisible character/]
        ])
      }
    }))
})

describe("a variable of the server", () => {
  it.effect("that cannot be used stops the start", () =>
    Effect.gen(function*() {
      yield* refuses({}, "HOST", [
        ["https://sms.example.com", /must be an address of this machine: what carriers call is PUBLIC_URL$/],
        ["0.0.0.0:3000", /the port is PORT$/],
        ["[::1]", /without brackets/],
        ["*", /must be an address of this machine/]
      ])
      yield* takes({}, "HOST", [
        "0.0.0.0",
        "::",
        "::1",
        "2001:db8:0:0:0:0:0:1",
        "fe80::1%eth0",
        "localhost",
        "my-host.local"
      ])
      yield* refuses({}, "ADMIN_TOKEN", [
        ["admin token", /must contain no blank/],
        ["Bearer admin-token", /must be the secret alone/],
        ["schlüssel", /must consist of ASCII characters$/]
      ])
    }))
})

describe("delivery reports of Sinch", () => {
  it.effect("that have no URL to go to stop the start", () =>
    Effect.gen(function*() {
      for (const report of ["per_recipient", "per_recipient_final", "full"]) {
        const error = yield* Effect.flip(start({ ...carriers.sinch, SINCH_DELIVERY_REPORT: report }))
        assert.match(error.message, /^PUBLIC_URL is missing: SINCH_DELIVERY_REPORT is set/)
        yield* start({ ...carriers.sinch, SINCH_DELIVERY_REPORT: report, PUBLIC_URL: "https://sms.example.com" })
      }
      yield* start({ ...carriers.sinch, SINCH_DELIVERY_REPORT: "none" })
    }))
})

describe("values that a template, a shell or a copy left behind", () => {
  it.effect("stop the start, whichever variable they are in", () =>
    Effect.forEach(
      [
        ["TWILIO_AUTH_TOKEN", "$TWILIO_TOKEN", /has not replaced it/],
        ["TWILIO_AUTH_TOKEN", "%TWILIO_TOKEN%", /has not replaced it/],
        ["SINCH_API_TOKEN", "prefix-${SINCH_TOKEN:-}", /has not replaced it/],
        ["SINCH_SERVICE_PLAN_ID", "{service_plan_id}", /has not replaced it/],
        ["TELNYX_API_KEY", "$(cat key.txt)", /has not replaced it/],
        ["TELNYX_API_KEY", "KEYXXXXXXXXXXXXXXXX", /placeholder/],
        ["VOICEMEUP_AUTH_TOKEN", "paste your token here", /placeholder/],
        ["VOICEMEUP_AUTH_TOKEN", "REPLACE_ME", /placeholder/],
        ["TWILIO_AUTH_TOKEN", hex.slice(1), /32 hexadecimal digits/],
        ["TWILIO_AUTH_TOKEN", `${hex},${hex}${hex}`, /32 hexadecimal digits/]
      ] as const,
      ([name, value, line]) => refuses(all, name, [[value, line]])
    ))

  it.effect("are no token of a callback URL", () =>
    Effect.gen(function*() {
      const { SINCH_VERIFICATION: _, VOICEMEUP_VERIFICATION: __, ...others } = {
        ...carriers.sinch,
        ...carriers.voicemeup
      }
      const voicemeup = { ...others, SINCH_WEBHOOK_TOKEN: "sinch-callback-secret" }
      const sinch = { ...others, VOICEMEUP_WEBHOOK_TOKEN: "voicemeup-callback-secret" }
      for (
        const value of ["?token=a-secret-of-the-url", "https://sms.example.com/webhooks?token=a-secret-of-the-url"]
      ) {
        yield* refuses(voicemeup, "VOICEMEUP_WEBHOOK_TOKEN", [[value, /must be the secret alone/]])
        yield* refuses(sinch, "SINCH_WEBHOOK_TOKEN", [[value, /must be the secret alone/]])
      }
    }))

  it.effect("are no URL, nor the beginning of the path that is appended", () =>
    Effect.gen(function*() {
      yield* refuses(all, "PUBLIC_URL", [
        ["https://sms.example.com/{tenant}", /placeholder/],
        ["https://sms.example.com/webhooks/sms/", /must end before \/webhooks\/sms: the server appends it/]
      ])
      yield* refuses(all, "SINCH_BASE_URL", [["https://eu.sms.api.sinch.com/xms", /must end before \/xms:/]])
      yield* refuses(all, "VOICEMEUP_BASE_URL", [["https://clients.voicemeup.com/api/", /must end before \/api:/]])
      yield* takes(all, "PUBLIC_URL", [
        "https://sms.example.com/webhooks-of-ours",
        "https://sms.example.com/smswebhooks"
      ])
    }))

  it.effect("are no sender", () =>
    Effect.gen(function*() {
      for (const value of ["m:+15145550100", "phone:+15145550100", "callto:+15145550100"]) {
        yield* refuses(all, "TWILIO_FROM", [[value, /Write the number alone/]])
      }
      // VoiceMeUp has numbers of North America only: this one is not Peruvian.
      for (const value of ["5145550100", "+5145550100"]) {
        yield* refuses(all, "VOICEMEUP_FROM", [[value, /the country code/]])
      }
      yield* takes(all, "VOICEMEUP_FROM", [mobile, mobile.slice(1)])
    }))
})
