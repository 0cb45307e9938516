/** Every module that an application calls has an example in its doc comments. */
import { assert, describe, it } from "@effect/vitest"
import { publicModules } from "./publicModules.ts"

/**
 * Modules without an example. An application reads their types, or gets their
 * values from a service; `docs/guides/writing-a-carrier.md` shows those that a
 * carrier is made of.
 */
const without: Readonly<Record<string, ReadonlyArray<string>>> = {
  "models and errors": [
    "Cost",
    "Payload",
    "StorageError",
    "consent/Replies",
    "emulator/Fault",
    "events/Event",
    "http/MessageProblems",
    "http/Problems",
    "media/MediaError",
    "rooms/KitEvent",
    "rooms/Room"
  ],
  "the definition of an API, which a client and the server are made of": [
    "emulator/EmulatorApi",
    "http/ConsentApi",
    "http/ConversationsApi",
    "http/EventsApi",
    "http/ExchangesApi",
    "http/MediaApi",
    "http/MessagesApi",
    "http/OperationsApi",
    "http/StatsApi",
    "http/UploadsApi",
    "http/WebhookApi"
  ],
  "what a store or a runtime provides": [
    "http/MetricsText",
    "http/Readiness",
    "media/GuardedClient",
    "media/IncrementalHash",
    "media/NodeIncrementalHash",
    "queue/Queue",
    "queue/QueueMemory",
    "queue/QueueProcessor",
    "rooms/RoomStore",
    "sending/IntentStore",
    "sending/IntentStoreMemory"
  ],
  "what the command line makes recordings with": [
    "recording/Pseudonymizer",
    "recording/Recorder"
  ],
  "what a carrier is made of": [
    "provider/Body",
    "provider/Carrier",
    "provider/Emulation",
    "provider/Environment",
    "provider/Query",
    "provider/Receiving",
    "provider/Recording",
    "provider/Times",
    "provider/Url",
    "provider/Wire",
    "testing/ProviderSuite",
    "testing/SendSuite"
  ]
}

const excepted = Object.values(without).flat().map((name) => `src/${name}.ts`)

const isShown = (text: string) => /^ \* ```ts/m.test(text)

const header = /^(?:\/\/[^\n]*\n)*\/\*\*\n \* [A-Z]/

const declaration = /^export (?:declare )?(?:abstract )?(?:const|class|function|interface|type) (\w+)/

/** The exports that no doc comment is in front of. */
const undescribed = (text: string): ReadonlyArray<string> => {
  const lines = text.split("\n")
  return lines.flatMap((line, index) => {
    const name = declaration.exec(line)?.[1]
    return name === undefined || /\*\/\s*$/.test(lines[index - 1] ?? "") ? [] : [name]
  })
}

describe("the public modules", () => {
  it("are found", () => {
    assert.isAbove(publicModules.size, 90)
    for (const name of ["Phone", "rooms/RoomKit", "twilio/index", "twilio/core/Web", "http/Middleware"]) {
      assert.isTrue(publicModules.has(`src/${name}.ts`), name)
    }
  })

  it("say what they are for", () => {
    assert.deepStrictEqual([...publicModules].filter(([, text]) => !header.test(text)).map(([file]) => file), [])
  })

  it("describe each of their exports", () => {
    const missing = [...publicModules].flatMap(([file, text]) => undescribed(text).map((name) => `${file}: ${name}`))
    assert.deepStrictEqual(missing, [])
  })

  it("have an example that is type-checked, unless an application only reads their types", () => {
    const silent = [...publicModules].filter(([file, text]) => !isShown(text) && !excepted.includes(file))
    assert.deepStrictEqual(silent.map(([file]) => file), [])
  })

  it("are excepted only where they exist and have none", () => {
    assert.deepStrictEqual(excepted.filter((file) => isShown(publicModules.get(file) ?? "* ```ts")), [])
  })
})
