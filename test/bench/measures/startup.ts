/**
 * Cold start and size: what an import takes of a process that is new, and what
 * a bundle of it weighs. Of the built package, as users get it.
 */
import { execFile } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { promisify } from "node:util"
import { gzipSync } from "node:zlib"
import { rolldown } from "rolldown"
import { type Contender, type Measure, row, type Sample } from "../harness/Measure.ts"

const run = promisify(execFile)

const root = join(import.meta.dirname, "../../..")

/** By name, a module that uses it, so that a bundler may leave out the rest. */
const entries: Readonly<Record<string, string>> = {
  "effect-sms/twilio": `
    export { layerWebhook } from "effect-sms/twilio"
    export { SmsProvider } from "effect-sms/provider"
    export { make } from "effect-sms/WebhookRequest"
  `,
  "effect-sms/twilio/core": `export { make } from "effect-sms/twilio/core"`,
  "effect-sms/twilio/webhook": `export { receive } from "effect-sms/twilio/webhook"`,
  "effect-sms/sinch/webhook": `export { receive } from "effect-sms/sinch/webhook"`,
  "effect-sms/telnyx/webhook": `export { receive } from "effect-sms/telnyx/webhook"`,
  "effect-sms/voicemeup/webhook": `export { receive } from "effect-sms/voicemeup/webhook"`,
  "effect-sms": `export * from "effect-sms"`,
  "the whole server": `
    export { createServer } from "node:http"
    export { layer } from "effect-sms/NodeCrypto"
    export { RoomKit } from "effect-sms/rooms"
    export { ServerConfig, WebhookServer } from "effect-sms/http"
    export { SmsProviders } from "effect-sms/provider"
    export * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
    export * as NodeRuntime from "@effect/platform-node/NodeRuntime"
  `,
  "twilio": `export { validateRequest, webhook } from "twilio"`,
  "telnyx": `export { default } from "telnyx"`,
  "@chat-adapter/twilio": `export * from "@chat-adapter/twilio"`,
  "@chat-adapter/twilio/webhook": `export * from "@chat-adapter/twilio/webhook"`
}

/** Minified. What `external` matches is left out. */
const bundled = async (code: string, external?: RegExp): Promise<string> => {
  const bundle = await rolldown({
    input: "entry",
    cwd: root,
    platform: "node",
    external: [/^node:/, ...external === undefined ? [] : [external]],
    logLevel: "silent",
    plugins: [{
      name: "entry",
      resolveId: (id) => id === "entry" ? join(root, "entry.js") : undefined,
      load: (id) => id === join(root, "entry.js") ? code : undefined
    }]
  })
  const { output } = await bundle.generate({ format: "esm", minify: true, codeSplitting: false })
  await bundle.close()
  return output.map((file) => file.type === "chunk" ? file.code : "").join("\n")
}

/** In kB (10^3 bytes). */
const gzipped = (code: string): number => gzipSync(code, { level: 9 }).length / 1000

const isEffect = /^(@effect\/|effect(\/|$))/

const sizesOf = async (code: string, bundle: string): Promise<Sample> => {
  const gzip = gzipped(bundle)
  return code.includes("effect-sms") ? { gzip, Effect: gzip - gzipped(await bundled(code, isEffect)) } : { gzip }
}

const specifiersOf = (code: string): ReadonlyArray<string> =>
  Array.from(code.matchAll(/from *["`]([@\w][\w@./:-]*)["`]/g), ([, specifier = ""]) => specifier)

/** In milliseconds and MiB, of a new process. */
const imports = async (specifiers: ReadonlyArray<string>): Promise<{ readonly time: number; readonly rss: number }> => {
  const program = `
    const start = performance.now()
    ${specifiers.map((specifier) => `await import(${JSON.stringify(specifier)})`).join("\n")}
    const time = performance.now() - start
    console.log(JSON.stringify({ time, rss: process.memoryUsage.rss() / 2 ** 20 }))
  `
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", program], { cwd: root })
  return JSON.parse(stdout)
}

const contenderOf = async (code: string, bundleFile: string): Promise<Contender> => {
  const bundle = await bundled(code)
  await writeFile(bundleFile, bundle)
  const sizes = await sizesOf(code, bundle)
  const run = async () => {
    const files = await imports(specifiersOf(code))
    const one = await imports([pathToFileURL(bundleFile).href])
    return { ...sizes, "import": files.time, bundled: one.time, memory: files.rss }
  }
  // Once before, so that the files are in the memory of the system.
  await run()
  return run
}

/** What the built files of `effect-sms/twilio` import of Effect. */
const effectModules = async (): Promise<
  ReadonlyArray<string>
> => [...new Set(specifiersOf(await bundled(entries["effect-sms/twilio"]!, isEffect)))]

export const measure: Measure = {
  title: "Cold start and size",
  metrics: {
    "import": { unit: "ms", better: "less", digits: 0 },
    bundled: { unit: "ms", better: "less", digits: 0 },
    memory: { unit: "MiB resident", better: "less", digits: 0 },
    gzip: { unit: "kB", better: "less", digits: 0 },
    Effect: { unit: "kB of that", better: "less", digits: 0 }
  },
  rows: [
    row("import of effect-sms/twilio, against twilio", "import", "effect-sms/twilio", "twilio", 3),
    row(
      "import of Effect's share of that alone, against twilio",
      "import",
      "the modules of Effect in effect-sms/twilio",
      "twilio"
    ),
    row("import of nothing but effect/Effect, against twilio", "import", "effect/Effect", "twilio"),
    row("import of effect-sms/twilio in one file, against twilio so", "bundled", "effect-sms/twilio", "twilio", 3),
    row("import of effect-sms/twilio, against telnyx", "import", "effect-sms/twilio", "telnyx"),
    row(
      "import of effect-sms/twilio, against @chat-adapter/twilio",
      "import",
      "effect-sms/twilio",
      "@chat-adapter/twilio"
    ),
    row(
      "import of effect-sms/twilio/webhook, against @chat-adapter/twilio/webhook",
      "import",
      "effect-sms/twilio/webhook",
      "@chat-adapter/twilio/webhook",
      1
    ),
    row("import of effect-sms/twilio/core, against twilio", "import", "effect-sms/twilio/core", "twilio"),
    row("import of effect-sms, against twilio", "import", "effect-sms", "twilio"),
    row("memory of effect-sms/twilio, against twilio", "memory", "effect-sms/twilio", "twilio"),
    row("bundle of effect-sms/twilio, against twilio", "gzip", "effect-sms/twilio", "twilio"),
    row("bundle of effect-sms/twilio, against telnyx", "gzip", "effect-sms/twilio", "telnyx"),
    row(
      "bundle of effect-sms/twilio, against @chat-adapter/twilio",
      "gzip",
      "effect-sms/twilio",
      "@chat-adapter/twilio"
    )
  ],
  rounds: ({ quick }) => quick ? 3 : 21,
  prepare: async () => {
    const directory = await mkdtemp(join(tmpdir(), "effect-sms-bench-"))
    const effect = await effectModules()
    const importsOf = async (specifiers: ReadonlyArray<string>): Promise<Sample> => {
      const { rss, time } = await imports(specifiers)
      return { "import": time, memory: rss }
    }
    const contenders: Record<string, Contender> = {
      "nothing": async () => ({ memory: (await imports([])).rss }),
      "the modules of Effect in effect-sms/twilio": () => importsOf(effect),
      "effect/Effect": () => importsOf(["effect/Effect"])
    }
    for (const [i, [name, code]] of Object.entries(entries).entries()) {
      contenders[name] = await contenderOf(code, join(directory, `${i}.mjs`))
    }
    return { contenders, tearDown: () => rm(directory, { recursive: true }) }
  }
}
