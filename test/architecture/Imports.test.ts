import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import manifest from "../../package.json" with { type: "json" }
import {
  circles,
  type Graph,
  graphOf,
  importsOf,
  loads,
  namesOfCarriers,
  partOf,
  type Sources,
  unavailable,
  wrongWay
} from "./imports.ts"

const src = `${import.meta.dirname}/../../src`

const sources: Sources = Object.fromEntries(
  readdirSync(src, { recursive: true, encoding: "utf8" })
    // The page of the console is bundled with what it imports, so its tests are those of the bundle.
    .filter((file) => file.endsWith(".ts") && !file.startsWith("console/"))
    .map((file) => [file, readFileSync(`${src}/${file}`, "utf8")])
)

const graph: Graph = graphOf(sources)

const pageGraph: Graph = graphOf(Object.fromEntries(
  readdirSync(src, { recursive: true, encoding: "utf8" })
    .filter((file) => /^console\/.*\.tsx?$/.test(file) || file in sources)
    .map((file) => [file, readFileSync(`${src}/${file}`, "utf8")])
))

const installed = [...Object.keys(manifest.dependencies), "effect"]

/** The modules that use what the user has to install for them. */
const optional: Readonly<Record<string, ReadonlyArray<string>>> = {
  "cli/access.ts": [],
  "cli/createProject.ts": ["node:fs", "node:path", "node:url"],
  "cli/calls.ts": ["@effect/platform-node"],
  "cli/Cli.ts": ["@effect/platform-node"],
  "cli/Consent.ts": [],
  "cli/DeadLetters.ts": [],
  "cli/Doctor.ts": [],
  "cli/doctor/diagnose.ts": ["@effect/platform-node"],
  "cli/Emulate.ts": [],
  "cli/filters.ts": [],
  "cli/forgetPerson.ts": ["@effect/platform-node"],
  "cli/index.ts": [],
  "cli/playRecording.ts": ["@effect/platform-node"],
  "cli/Queue.ts": [],
  "cli/Record.ts": [],
  "cli/recordWebhooks.ts": ["@effect/platform-node"],
  "cli/Intents.ts": [],
  "cli/listMessages.ts": [],
  "cli/Messages.ts": [],
  "cli/operateConsent.ts": [],
  "cli/operateDeadLetters.ts": [],
  "cli/operateIntents.ts": [],
  "cli/Send.ts": ["@effect/platform-node"],
  "cli/storedSend.ts": [],
  "cli/Serve.ts": ["@effect/platform-node"],
  "cli/Tail.ts": ["@effect/platform-node"],
  "cli/Token.ts": [],
  "cli/workerMetrics.ts": ["node:cluster"],
  "cli/Workers.ts": ["node:cluster", "node:os"],
  "emulator/Emulator.ts": ["node:http", "node:net"],
  "emulator/index.ts": [],
  "emulator/internal/control.ts": ["@effect/platform-node", "node:http"],
  "emulator/internal/edge.ts": ["node:http"],
  "emulator/internal/nodeCrypto.ts": ["node:crypto"],
  "emulator/internal/poster.ts": ["@effect/platform-node"],
  "emulator/internal/runner.ts": [],
  "http/NodeServer.ts": ["@effect/platform-node", "node:http"],
  "http/internal/nodeMessages.ts": ["node:http", "node:net", "node:stream", "node:timers"],
  "http/Middleware.ts": ["node:http"],
  "http/internal/skipBody.ts": ["node:net"],
  "http/internal/readFile.ts": ["node:fs"],
  "http/internal/postgres.ts": ["@effect/sql-pg"],
  "internal/nodeSyncCrypto.ts": ["node:crypto"],
  "main.ts": ["node:module"],
  "media/internal/NodeConnector.ts": ["@effect/platform-node", "node:net"],
  "media/NodeGuardedClient.ts": ["@effect/platform-node", "node:dns"],
  "media/NodeIncrementalHash.ts": ["node:crypto"],
  "media/NodeMediaRehosting.ts": ["@effect/platform-node"],
  "NodeCrypto.ts": ["@effect/platform-node", "node:crypto"],
  "sinch/core/Node.ts": [],
  "sql/SqlStorage.ts": [],
  "sql/ForwardStoreSql.ts": [],
  "sql/InboxSql.ts": [],
  "sql/internal/queue.ts": [],
  "sql/internal/resends.ts": [],
  "sql/IntentStoreSql.ts": [],
  "sql/internal/checkpointer.ts": ["node:sqlite", "node:worker_threads"],
  "sql/internal/servers.ts": ["node:os"],
  "sql/NodeSqliteClient.ts": ["node:fs", "node:sqlite"],
  "telnyx/core/Node.ts": [],
  "testing/Arbitraries.ts": ["fast-check"],
  "testing/CarrierServer.ts": ["node:http", "node:net"],
  "recording/internal/forward.ts": ["node:http", "node:https"],
  "recording/RecordingProxy.ts": ["@effect/platform-node"],
  "testing/internal/changes.ts": ["fast-check"],
  "testing/internal/sendOutcomes.ts": ["@effect/vitest"],
  "testing/internal/sendPrivacy.ts": ["@effect/vitest", "node:util"],
  "testing/internal/sendQueries.ts": ["@effect/vitest", "node:util"],
  "testing/internal/sendRequests.ts": ["@effect/vitest"],
  "testing/internal/sendRetries.ts": ["@effect/vitest"],
  "testing/internal/sendSubject.ts": ["@effect/platform-node"],
  "testing/ProviderSuite.ts": ["@effect/vitest", "fast-check", "node:util"],
  "testing/SendSuite.ts": [],
  "twilio/core/Node.ts": []
}

describe("imports", () => {
  it("point one way: vocabulary, contract, carriers and rooms, media, http", () => {
    assert.isAbove(graph.size, 20)
    assert.deepStrictEqual(wrongWay(graph), [])
    assert.deepStrictEqual(wrongWay(pageGraph), [])
  })

  it("go round in no circle, types included", () => {
    assert.deepStrictEqual(circles(graph), [])
    assert.deepStrictEqual(circles(pageGraph), [])
  })

  it("leave the names of carriers to their folders and to the list", () => {
    assert.deepStrictEqual(namesOfCarriers(sources), [])
    assert.deepStrictEqual(
      namesOfCarriers({
        "http/a.ts": "// Twilio\nconst host = \"media.twiliocdn.com\"",
        "twilio/a.ts": "const name = \"twilio\"",
        "Carriers.ts": "import(\"./twilio/index.ts\")"
      }),
      ["http/a.ts:2: const host = \"media.twiliocdn.com\""]
    )
  })

  it("leave Effect and everything else that is installed out of the carriers' cores", () => {
    const cores = [...graph.keys()].filter((file) => /^\w+\/core\//.test(file))
    assert.isAbove(cores.length, 10)
    const isForeign = (target: string) => !graph.has(target) && target !== "node:crypto"
    assert.deepStrictEqual(cores.map((file) => loads(graph, file, isForeign)).filter((path) => path !== undefined), [])
  })

  it("name files that exist and packages that a user has", () => {
    const isOptional = (file: string) => Object.hasOwn(optional, file)
    // Others load them when they are needed, if at all.
    const required = new Map(
      [...graph].filter(([file]) => !isOptional(file)).map(([file, imports]) => [
        file,
        imports.filter(({ kind, target }) => kind !== "later" || !isOptional(target))
      ])
    )
    assert.deepStrictEqual(unavailable(required, installed), [])
    for (const [file, packages] of Object.entries(optional)) {
      const imports = (graph.get(file) ?? []).filter(({ target }) => !graph.has(target))
      assert.deepStrictEqual(unavailable(new Map([[file, imports]]), [...installed, ...packages]), [])
    }
    const loaded = [...required.keys()].map((file) => loads(graph, file, (target) => Object.hasOwn(optional, target)))
    assert.deepStrictEqual(loaded.filter((path) => path !== undefined), [])
  })

  for (const file of graph.keys()) {
    if (
      !file.endsWith("/index.ts") || ["cli", "http", "testing", "demo", "emulator", "recording"].includes(partOf(file))
    ) continue
    const part = partOf(file)
    it(`load little with effect-sms/${part}`, () => {
      const heavy =
        /^(libphonenumber-js|tweetnacl|@effect\/platform-node|effect\/(http|http-api|ai|cluster|rpc|sql))(\/|$)/
      assert.isUndefined(loads(graph, file, (target) => heavy.test(target)))
      const mine = ["media", "forward", "guards"].includes(part) ? [part, "media", "rooms"] : [part]
      const others = ["twilio", "sinch", "telnyx", "voicemeup", "rooms", "media", "http", "testing"]
        .filter((other) => !mine.includes(other))
      assert.isUndefined(loads(graph, file, (target) => graph.has(target) && others.includes(partOf(target))))
    })
  }
})

describe("the check of imports", () => {
  const check = (sources: Record<string, string>) => wrongWay(graphOf(sources))

  it("sees every form of import and no example in a comment", () => {
    const source = [
      "/**",
      " * import { x } from \"./comment.ts\"",
      " */",
      "import * as A from \"./a.ts\"",
      "import type { B } from \"../b.ts\"",
      "import {",
      "  c,",
      "  type D",
      "} from \"effect/c\"",
      "import \"./side.ts\"",
      "// import \"./line.ts\"",
      "export * from \"./e.ts\"",
      "export type { F } from \"./f.ts\"",
      "const accept = \"*/*\", from = \"elsewhere\"",
      "const g = () => import(\"./g.ts\")"
    ].join("\n")
    assert.deepStrictEqual(importsOf("rooms/x.ts", source), [
      { target: "rooms/a.ts", line: 4, kind: "now" },
      { target: "b.ts", line: 5, kind: "type" },
      { target: "effect/c", line: 6, kind: "now" },
      { target: "rooms/side.ts", line: 10, kind: "now" },
      { target: "rooms/e.ts", line: 12, kind: "now" },
      { target: "rooms/f.ts", line: 13, kind: "type" },
      { target: "rooms/g.ts", line: 15, kind: "later" }
    ])
  })

  it("refuses a carrier that imports another, also through an internal module", () => {
    const sinch = { "sinch/index.ts": "" }
    assert.deepStrictEqual(check({ ...sinch, "twilio/index.ts": "import type { X } from \"../sinch/index.ts\"" }), [
      "twilio/index.ts -> sinch/index.ts (twilio/index.ts:1)"
    ])
    assert.deepStrictEqual(
      check({
        ...sinch,
        "twilio/index.ts": "import * as X from \"../internal/x.ts\"",
        "internal/x.ts": "\nimport * as Sinch from \"../sinch/index.ts\""
      }),
      ["twilio/index.ts -> internal/x.ts -> sinch/index.ts (internal/x.ts:2)"]
    )
  })

  it("refuses words of the domain that know a carrier, and anything that knows the test tools", () => {
    assert.lengthOf(check({ "Message.ts": "import \"./twilio/index.ts\"", "twilio/index.ts": "" }), 1)
    assert.lengthOf(check({ "Message.ts": "import \"./provider/SmsProvider.ts\"", "provider/SmsProvider.ts": "" }), 1)
    assert.lengthOf(check({ "index.ts": "export * from \"./testing/index.ts\"", "testing/index.ts": "" }), 1)
    assert.lengthOf(check({ "rooms/index.ts": "import \"../http/index.ts\"", "http/index.ts": "" }), 1)
    assert.lengthOf(check({ "elsewhere/index.ts": "" }), 1)
  })

  it("finds a circle, also one of types", () => {
    const sample = graphOf({
      "rooms/a.ts": "import \"./b.ts\"",
      "rooms/b.ts": "import type { C } from \"./c.ts\"",
      "rooms/c.ts": "import type { A } from \"./a.ts\"",
      "rooms/d.ts": "import \"./a.ts\""
    })
    assert.deepStrictEqual(circles(sample), ["rooms/c.ts -> rooms/a.ts -> rooms/b.ts -> rooms/c.ts"])
    assert.deepStrictEqual(circles(graphOf({ "a.ts": "import \"./b.ts\"", "b.ts": "" })), [])
  })

  it("lets imports pass that point the right way", () => {
    assert.deepStrictEqual(
      check({
        "Message.ts": "",
        "provider/SmsProvider.ts": "import \"../Message.ts\"",
        "twilio/index.ts": "import \"../provider/SmsProvider.ts\"\nimport \"./Config.ts\"",
        "twilio/Config.ts": "",
        "http/index.ts": "import \"../twilio/index.ts\"",
        "index.ts": "export * from \"./http/index.ts\""
      }),
      []
    )
  })

  it("refuses packages that a user does not have", () => {
    const sources = { "a.ts": "import \"fast-check\"\nimport \"effect/Effect\"\nimport \"./b.ts\"\nimport \"node:fs\"" }
    assert.deepStrictEqual(unavailable(graphOf(sources), ["effect"]), [
      "fast-check (a.ts:1)",
      "b.ts (a.ts:3)",
      "node:fs (a.ts:4)"
    ])
  })

  it("follows what is loaded, and not what is only a type", () => {
    const sample = graphOf({
      "a.ts": "import \"./b.ts\"\nimport type { C } from \"./c.ts\"",
      "b.ts": "import \"heavy\"",
      "c.ts": "import \"heavier\""
    })
    assert.strictEqual(loads(sample, "a.ts", (target) => target === "heavy"), "a.ts -> b.ts -> heavy (b.ts:1)")
    assert.isUndefined(loads(sample, "a.ts", (target) => target === "heavier"))
  })
})
