/**
 * Every export that an application calls is in a program that is type-checked:
 * in a doc comment, a page, an example or the carrier of the guide. The others
 * have a reason.
 */
import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { fencesOf } from "../doctest/fences.ts"
import { publicModules } from "./publicModules.ts"

const root = `${import.meta.dirname}/../..`
const read = (file: string) => readFileSync(`${root}/${file}`, "utf8")

const filesIn = (directory: string, extension: string) =>
  readdirSync(`${root}/${directory}`, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(extension) && !file.includes("node_modules"))
    .map((file) => `${directory}/${file}`)

const codeOf = (file: string, text: string) => fencesOf(file, text).map(({ code }) => code.join("\n"))

const withoutComments = (code: string) => code.replaceAll(/\/\*[^]*?\*\//g, "").replaceAll(/^\s*\/\/.*$/gm, "")

/** Every program that the tests type-check. */
const programs = [
  ...["README.md", ...filesIn("docs", ".md"), ...filesIn("src", ".ts")].flatMap((file) => codeOf(file, read(file))),
  ...["examples", "test/fifth-carrier"].flatMap((folder) => filesIn(folder, ".ts")).map(read)
].map(withoutComments).join("\n")

/** Exports of these modules are no calls of an application: see test/docs/Examples.test.ts. */
const excepted = read("test/docs/Examples.test.ts").split("const excepted", 1)[0]!

/** The reasons of exports that no program shows, and that no rule below covers. */
const without: Readonly<Record<string, ReadonlyArray<string>>> = {
  "what the stores are made of": [
    "consent/ConsentLedger.entryOf",
    "delivery/DeliveryStore.maxTook",
    "events/EventLog.recorder",
    "inbox/Inbox.definition"
  ],
  "what the routes of the server are made of": [
    "http/Draining.Leaving",
    "http/MediaServer.layerUntraced",
    "http/Tokens.register",
    "http/Tokens.finder",
    "http/WebhookServer.layerApi",
    "http/WebhookServer.layerRedactedQueries",
    "provider/Exchanges.CurrentSend"
  ],
  "what carriers are made of": ["provider/Secrets.equals"],
  "what the commands record and forget with": ["recording/Recording.fromRequest", "sql/SqlStorage.layerPeople"]
}

interface Export {
  readonly file: string
  readonly name: string
  /** The beginning of its value. */
  readonly value: string
}

const declaration = /^export (?:declare )?(?:abstract )?(?:const|class|function) (\w+)([^]{0,160})/gm

/** Exports of values that are declared elsewhere. */
const list = /^export (?:const )?\{([^}]*)\}/gm

const exportsOf = (file: string, text: string): ReadonlyArray<Export> => [
  ...[...text.matchAll(declaration)].map(([, name, value]) => ({ file, name: name!, value: value! })),
  ...[...text.matchAll(list)].flatMap(([, names]) => names!.replaceAll(/\/\*[^]*?\*\//g, "").split(","))
    .map((name) => name.trim().replace(/^.*(?:: | as )/, ""))
    .filter((name) => name !== "" && !name.startsWith("type "))
    .map((name) => ({ file, name, value: "" }))
]

const all = [...publicModules].flatMap(([file, text]) => exportsOf(file, text))

const carrierFile = /^src\/(twilio|sinch|telnyx|voicemeup)\/(?:core\/(?:Node|Web)|index)\.ts$/

/** The name with which a program reaches a module: `Address`, or `Twilio` and `TwilioCore` for those of a carrier. */
const namespaceOf = (file: string) => {
  const [, carrier] = carrierFile.exec(file) ?? []
  return carrier === undefined ? file.replace(/.*\//, "").replace(".ts", "") : `${carrier}(?:core)?`
}

const isShown = ({ file, name }: Export): boolean =>
  new RegExp(`\\b(?i:${namespaceOf(file)})\\.${name}\\b`).test(programs) ||
  new RegExp(`\\b${name}\\b`).test(codeOf(file, publicModules.get(file)!).join("\n"))

const withoutCarrier = (name: string) => name.replace(/Twilio|Sinch|Telnyx|VoiceMeUp/, "")

/** The rules, by the reason. */
const rules: Readonly<Record<string, (one: Export) => boolean>> = {
  "errors and problems are in docs/errors.md": ({ name, value }) =>
    /TaggedError|ErrorClass|Data\.Error/.test(value) ||
    new RegExp(`^#+ .*\\b${name}\\b`, "m").test(read("docs/errors.md")),
  "an application reads models, and does not make them": ({ name, value }) =>
    value === "" ? /^[A-Z]/.test(name) : /^[^=]*extends Schema\.(?:Class|TaggedClass|Opaque)/.test(value),
  "the carriers have the same names, and a program shows that of another": ({ file, name }) =>
    carrierFile.test(file) &&
    all.some((one) => carrierFile.test(one.file) && withoutCarrier(one.name) === withoutCarrier(name) && isShown(one)),
  "a schema is that of the type with its name": ({ file, name, value }) =>
    /^[^]{0,40}= (?:\/\* @__PURE__ \*\/ )?Schema\./.test(value) &&
    new RegExp(`^export type ${name}\\b`, "m").test(publicModules.get(file)!),
  "a layer provides the service": ({ value }) => value.includes("Context.Service"),
  "a layer or a combinator of a layer with the same options makes it": ({ file, name }) => {
    const [, rest] = /^make(\w*)$/.exec(name) ?? []
    if (rest === undefined) return false
    const other = rest.charAt(0).toLowerCase() + rest.slice(1)
    return all.some((one) => one.file === file && [`layer${rest}`, other].includes(one.name) && isShown(one)) ||
      // In memory, and the layer of the module itself.
      all.some((one) => one.file === file && one.name === "layer" && rest === "")
  }
}

const isExcepted = ({ file, name }: Export): boolean =>
  excepted.includes(`"${file.slice("src/".length, -".ts".length)}"`) ||
  Object.values(without).flat().includes(`${file.slice("src/".length, -".ts".length)}.${name}`)

describe("the public exports", () => {
  it("are found", () => {
    assert.isAbove(all.length, 450)
    for (const [file, name] of [["Phone", "isValidPhone"], ["rooms/RoomKit", "layer"], ["twilio/index", "layer"]]) {
      assert.isTrue(all.some((one) => one.file === `src/${file}.ts` && one.name === name), `${file}.${name}`)
    }
  })

  it("are in a program that is type-checked, or have a reason", () => {
    const silent = all.filter((one) =>
      !isShown(one) && !isExcepted(one) && !Object.values(rules).some((covers) => covers(one))
    )
    assert.deepStrictEqual(silent.map(({ file, name }) => `${file}: ${name}`), [])
  })

  it("have a reason only where they exist and are not shown", () => {
    const listed = Object.values(without).flat()
    const needed = all.filter((one) => !isShown(one)).map(({ file, name }) =>
      `${file.slice("src/".length, -".ts".length)}.${name}`
    )
    assert.deepStrictEqual(listed.filter((name) => !needed.includes(name)), [])
  })
})
