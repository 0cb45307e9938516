/** What a bundle of an application has of the library. */
import { assert, describe, it } from "@effect/vitest"
import { resolve } from "node:path"
import { rolldown } from "rolldown"

const src = resolve(import.meta.dirname, "../../src")

/** Bundles an import of one export, with what it needs of Effect or without. */
const bundle = async (name: string, from: string, external: ReadonlyArray<RegExp>) => {
  const built = await rolldown({
    input: "entry",
    platform: "node",
    logLevel: "silent",
    external: [...external],
    resolve: { conditionNames: ["effect-sms/source", "import", "default"] },
    plugins: [{
      name: "entry",
      resolveId(id, importer) {
        if (id === "entry") return "\0entry"
        // Modules of the package import the package itself.
        return importer === "\0entry" ? this.resolve(id, `${src}/index.ts`) : undefined
      },
      load: (id) => id === "\0entry" ? `export { ${name} } from ${JSON.stringify(from)}` : undefined
    }]
  })
  const { output } = await built.generate({ format: "esm", minify: true })
  await built.close()
  // Without the chunks that are loaded only when they are needed.
  const chunks = new Set([output[0]])
  for (const { imports } of chunks) {
    for (const chunk of output) if (chunk.type === "chunk" && imports.includes(chunk.fileName)) chunks.add(chunk)
  }
  return {
    bytes: [...chunks].reduce((sum, { code }) => sum + Buffer.byteLength(code), 0),
    modules: [...chunks].flatMap(({ modules }) => Object.keys(modules)).flatMap((file) =>
      file.startsWith(src) ? [file.slice(src.length + 1)] : []
    )
  }
}

const node = /^node:/
const others = [node, /^effect(\/|$)/, /^libphonenumber-js/]

/** Kilobytes of minified code, with Effect where the export needs it. About a tenth more than there are. */
const budgets: ReadonlyArray<readonly [name: string, from: string, kilobytes: number]> = [
  ["receive", "effect-sms/twilio/webhook", 5.2],
  ["receive", "effect-sms/sinch/webhook", 5.2],
  ["receive", "effect-sms/telnyx/webhook", 5.1],
  ["receive", "effect-sms/voicemeup/webhook", 4],
  ["decode", "effect-sms/twilio/decode", 36],
  ["make", "effect-sms/twilio/core", 43],
  ["web", "effect-sms/http/Middleware", 1.2],
  ["express", "effect-sms/http/Middleware", 1.8],
  ["count", "effect-sms/segments/Segments", 2],
  ["layerWebhook", "effect-sms/twilio", 250],
  ["layer", "effect-sms/rooms/RoomKit", 270]
]

/** Exports of the index, with the modules of the library that they need. */
const alone: Readonly<Record<string, RegExp>> = {
  WebhookRequest: /^(WebhookRequest|internal\/(headers|record|rememberedNames))\.ts$/,
  Segments: /^(segments\/.*|internal\/gsm7)\.ts$/,
  Phone: /^(Phone|PhoneNumber|internal\/phoneText)\.ts$/
}

describe("a bundle", () => {
  for (const [name, needed] of Object.entries(alone)) {
    it(`of ${name} has nothing else of the index`, async () => {
      const { modules } = await bundle(name, `${src}/index.ts`, others)
      assert.isAbove(modules.length, 0)
      assert.deepStrictEqual(modules.filter((module) => !needed.test(module) && module !== "index.ts"), [])
    })
  }

  it("of an import for nothing is empty", async () => {
    const built = await rolldown({
      input: "entry",
      platform: "node",
      logLevel: "silent",
      external: [node, /^@effect\//],
      resolve: { conditionNames: ["effect-sms/source", "import", "default"] },
      plugins: [{
        name: "entry",
        resolveId: (id) => id === "entry" ? "\0entry" : undefined,
        load: (id) => id === "\0entry" ? `import ${JSON.stringify(`${src}/index.ts`)}` : undefined
      }]
    })
    const { output } = await built.generate({ format: "esm", minify: true })
    await built.close()
    assert.strictEqual(output[0].code.replace("export{};", "").trim(), "")
  })

  for (const [name, from, kilobytes] of budgets) {
    it(`of ${name} from ${from} has at most ${kilobytes} kB`, async () => {
      const file = from === "effect-sms/segments/Segments" || from === "effect-sms/rooms/RoomKit"
        ? `${src}/${from.slice("effect-sms/".length)}.ts`
        : from
      const { bytes } = await bundle(name, file, [node])
      assert.isAtMost(bytes / 1000, kilobytes)
      // A budget that is far from what it limits limits nothing.
      assert.isAbove(bytes / 1000, kilobytes * 0.7)
    })
  }
})
