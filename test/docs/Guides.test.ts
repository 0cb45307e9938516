/** What the guides say that no program of theirs shows. */
import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import manifest from "../../package.json" with { type: "json" }
import * as ServerConfig from "../../src/http/ServerConfig.ts"

const root = `${import.meta.dirname}/../..`
const read = (file: string) => readFileSync(`${root}/${file}`, "utf8")
const guide = (name: string) => read(`docs/guides/${name}.md`)

/** The blocks of a guide with this tag of the fence. */
const blocks = (markdown: string, tag: string): ReadonlyArray<string> =>
  [...markdown.matchAll(new RegExp(`^\`\`\`${tag}\n([^]*?)^\`\`\`$`, "gm"))].map(([, code]) => code!)

/** The names of RoomKit's page of SMS providers. */
const roomKitNames = [
  "extract_sms_meta",
  "process_webhook",
  "process_inbound",
  "process_delivery_status",
  "on_delivery_status",
  "is_inbound",
  "is_status",
  "to_inbound",
  "to_status",
  "SMSProvider",
  "parse_webhook",
  "verify_signature",
  "ProviderResult",
  "MockSMSProvider",
  "TwilioSMSProvider",
  "TwilioConfig",
  "parse_twilio_webhook",
  "SinchSMSProvider",
  "SinchConfig",
  "parse_sinch_webhook",
  "TelnyxSMSProvider",
  "TelnyxConfig",
  "parse_telnyx_webhook",
  "VoiceMeUpSMSProvider",
  "VoiceMeUpConfig",
  "parse_voicemeup_webhook",
  "configure_voicemeup_mms",
  "timeout_seconds",
  "on_timeout",
  "WebhookMeta",
  "external_id",
  "media_urls",
  "event_type",
  "DeliveryStatus",
  "message_id",
  "error_code",
  "error_message",
  "HookTrigger.BEFORE_BROADCAST",
  "HookResult.allow",
  "MediaContent",
  "CompositeContent",
  "ChannelType.MMS",
  "normalize_phone",
  "is_valid_phone",
  "default_region"
]

describe("moving from RoomKit", () => {
  it("names everything of RoomKit's page", () => {
    const text = guide("from-roomkit")
    assert.deepStrictEqual(roomKitNames.filter((name) => !text.includes(name)), [])
  })
})

describe("moving from the twilio package", () => {
  it("gives each call for messages its place, or the reason why it has none", () => {
    const rows = guide("from-twilio").split("\n").filter((line) => line.startsWith("| "))
    const first = (row: string) => row.split("|")[1]!
    const calls = [
      "messages.create",
      "mediaUrl",
      "messagingServiceSid",
      "statusCallback",
      "validityPeriod",
      "sendAt",
      ".fetch()",
      "messages.list",
      "canceled",
      "body: \"\"",
      ".remove()",
      "contentSid",
      "contentVariables",
      "maxPrice",
      "applicationSid",
      "contentRetention",
      "addressRetention",
      "trafficType",
      "riskCheck",
      "messageIntent",
      "fallbackFrom",
      "media.list",
      "smartEncoded",
      "provideFeedback",
      "validateRequest",
      "validateRequestWithBody",
      "twilio.webhook()",
      "MessagingResponse",
      "RestException",
      "edge",
      "apiKey",
      "maxRetries"
    ]
    assert.deepStrictEqual(calls.filter((call) => !rows.some((row) => first(row).includes(call))), [])
  })
})

describe("the overview of the pages", () => {
  it("names every entry of the package", () => {
    const text = read("docs/README.md").split("## Entry points")[1]!
    const entries = Object.entries(manifest.exports).flatMap(([entry, target]) =>
      target === null || typeof target === "string" || entry === "." || entry === "./*" ? [] : [entry]
    )
    assert.isAbove(entries.length, 40)
    // A row may name the last part alone: `effect-sms/twilio/core`, `/twilio/webhook`.
    assert.deepStrictEqual(entries.filter((entry) => !text.includes(`/${entry.split("/").at(-1)}\``)), [])
  })
})

describe("the contents of a page", () => {
  it("name every section", () => {
    const pages = readdirSync(`${root}/docs`, { recursive: true, encoding: "utf8" }).filter((file) =>
      file.endsWith(".md")
    )
    const missing = pages.flatMap((page) => {
      const text = read(`docs/${page}`).replaceAll(/^```[^]*?^```$/gm, "")
      const listed = [...text.matchAll(/^- \[(.+)\]\(#[^)]+\)$/gm)].map(([, title]) => title!)
      const sections = [...text.matchAll(/^## (.+)$/gm)].map(([, title]) => title!)
      return listed.length === 0
        ? []
        : sections.filter((title) => !listed.includes(title)).map((title) => `${page}: ${title}`)
    })
    assert.deepStrictEqual(missing, [])
  })
})

/** What a guide quotes of files that a test compiles and runs, and that is not there. */
const misquoted = (name: string, directory: string) => {
  const quoted = [...guide(name).matchAll(/^```typescript (\S+)\n([^]*?)^```$/gm)]
  assert.isAbove(quoted.length, 0)
  const withoutIndent = (code: string) => code.replaceAll(/^ +/gm, "")
  const differing = quoted.filter(([, file, code]) =>
    !withoutIndent(read(`${directory}/${file}`)).includes(withoutIndent(code!))
  )
  return differing.map(([, file]) => file)
}

describe("a first application", () => {
  it("has the code of the starter, and names its files", () => {
    assert.deepStrictEqual(misquoted("first-application", "examples/starter"), [])
    const sources = readdirSync(`${root}/examples/starter`, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
    assert.isAbove(sources.length, 4)
    assert.deepStrictEqual(sources.filter((file) => !guide("first-application").includes(`\`${file}\``)), [])
  })
})

describe("writing a carrier", () => {
  it("has the code of the carrier that the tests use", () => {
    assert.deepStrictEqual(misquoted("writing-a-carrier", "test/fifth-carrier"), [])
  })
})

describe("deploying", () => {
  const text = guide("deploying")

  it("sets variables that the server reads", () => {
    // The tables of the carriers are written from their variables.
    const carriers = [...read("docs/server.md").matchAll(/^\| `(TWILIO_[A-Z_]+)` /gm)].map(([, name]) => name!)
    const known = [...ServerConfig.variables, ...carriers]
    const environments = blocks(text, "ini").filter((block) => !block.includes("[Service]"))
    const set = environments.flatMap((block) => [...block.matchAll(/^([A-Z\d_]+)=/gm)].map(([, name]) => name!))
    assert.isAbove(set.length, 15)
    assert.deepStrictEqual(set.filter((name) => !known.includes(name)), [])
  })

  it("lets the service stop for longer than a shutdown takes", () => {
    const [, seconds] = /TimeoutStopSec=(\d+)/.exec(text)!
    const [, most] = /A shutdown takes at most (\d+) seconds/.exec(read("docs/server.md"))!
    assert.isAbove(Number(seconds), Number(most))
  })
})

describe("operating", () => {
  it("alerts on metrics and labels that exist", () => {
    const server = read("docs/server.md")
    const rules = blocks(guide("operating"), "yaml").join("\n")
    const names = [...new Set(rules.match(/sms_\w+/g))]
    assert.isAbove(names.length, 6)
    for (const name of names) {
      const row = server.split("\n").find((line) => line.startsWith(`| \`${name}\``))
      assert.isDefined(row, name)
      for (const [, labels] of rules.matchAll(new RegExp(`${name}\\{(\\w+)`, "g"))) assert.include(row!, labels!)
    }
  })
})
