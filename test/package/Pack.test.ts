/**
 * What a user gets who installs the package in an empty project.
 */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, FileSystem, Layer, Path, Schema, Stream } from "effect"
import { ChildProcess } from "effect/process"
import { publint } from "publint"
import { formatMessage } from "publint/utils"
import source from "../../package.json" with { type: "json" }

const root = `${import.meta.dirname}/../..`

const Manifest = Schema.fromJsonString(Schema.Struct({
  name: Schema.String,
  exports: Schema.Record(
    Schema.String,
    Schema.NullOr(Schema.Union([Schema.String, Schema.Record(Schema.String, Schema.String)]))
  )
}))

/** Runs a program and returns what it wrote. An exit code other than 0 fails the test. */
const run = (cwd: string, command: string, ...args: ReadonlyArray<string>) =>
  Effect.scoped(Effect.gen(function*() {
    const child = yield* ChildProcess.make(command, args, { cwd, stdin: "ignore" })
    const output = yield* Stream.mkString(Stream.decodeText(child.all))
    const code = yield* child.exitCode
    assert.strictEqual(code, 0, `${command} ended with ${code}:\n${output}`)
    return output
  }))

/** An empty project in which the packed tarball is installed. */
class Consumer extends Context.Service<Consumer, {
  readonly directory: string
  /** Every file of the package. */
  readonly files: ReadonlyArray<string>
  /** What `exports` lets in, as import specifiers, patterns expanded. */
  readonly open: ReadonlyArray<string>
  /** Every other module in the package, as import specifiers. */
  readonly closed: ReadonlyArray<string>
}>()("test/package/Consumer") {}

const layerConsumer = Layer.effect(
  Consumer,
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const directory = yield* fs.makeTempDirectoryScoped({ prefix: "effect-sms-consumer-" })
    yield* run(root, "npm", "pack", "--pack-destination", directory)
    const tarball = (yield* fs.readDirectory(directory)).find((file) => file.endsWith(".tgz"))
    yield* fs.writeFileString(path.join(directory, "package.json"), `{ "private": true, "type": "module" }`)
    yield* run(
      directory,
      "npm",
      "install",
      "--prefer-offline",
      "--no-audit",
      "--no-fund",
      `./${tarball}`,
      ...Object.entries(source.peerDependencies).map(([name, range]) => `${name}@${range}`)
    )

    const installed = path.join(directory, "node_modules/effect-sms")
    const manifest = yield* Schema.decodeEffect(Manifest)(
      yield* fs.readFileString(path.join(installed, "package.json"))
    )
    const files: Array<string> = []
    for (const file of yield* fs.readDirectory(installed, { recursive: true })) {
      if ((yield* fs.stat(path.join(installed, file))).type === "File") files.push(file)
    }
    files.sort()

    const specifier = (subpath: string) => path.join(manifest.name, subpath)
    const subpaths = Object.keys(manifest.exports).filter((subpath) => manifest.exports[subpath] !== null)
    const modules = files.flatMap((file) => file.startsWith("dist/") && file.endsWith(".js") ? [file.slice(5, -3)] : [])
    const topLevel = modules.filter((module) => !module.includes("/") && manifest.exports[`./${module}`] !== null)
    const open = [
      ...subpaths.filter((subpath) => !subpath.includes("*") && subpath !== "./package.json"),
      ...topLevel.map((module) => `./${module}`)
    ].map(specifier)
    const closed = modules.map(specifier).filter((module) => !open.includes(module))
    return Consumer.of({ directory, files, open, closed })
  })
).pipe(Layer.provideMerge(NodeServices.layer))

/** Ten lines that use the package, and an import of every module that can be imported. */
const program = (modules: ReadonlyArray<string>) => `
${modules.map((module, index) => `import * as module${index} from ${JSON.stringify(module)}`).join("\n")}
import { Effect } from "effect"
import { Phone, WebhookRequest } from "effect-sms"
import type { PhoneNumber } from "effect-sms/PhoneNumber"

const number: PhoneNumber = Effect.runSync(Phone.normalizePhone("418-555-1234", "CA"))
const request: WebhookRequest.WebhookRequest = WebhookRequest.make({ url: "https://example.com", headers: {} })
const loaded: ReadonlyArray<object> = [${modules.map((_, index) => `module${index}`).join(", ")}]
console.log(number, request.method, loaded.length, loaded.every((module) => Object.keys(module).length > 0))
`

layer(layerConsumer, { timeout: 120_000 })("the packed package", (it) => {
  it.effect("has the built modules, the sources they map to, and nothing of the repository", () =>
    Effect.gen(function*() {
      const { files } = yield* Consumer
      const allowed = /^(LICENSE|README\.md|package\.json|src\/.+\.ts|dist\/.+\.(js|d\.ts)(\.map)?)$/
      assert.deepStrictEqual(files.filter((file) => !allowed.test(file) || /\.test\.|fixtures/.test(file)), [])
      const sources = files.flatMap((file) => file.startsWith("src/") ? [file.slice(4, -3)] : [])
      const built = files.flatMap((file) => file.endsWith(".js") ? [file.slice(5, -3)] : [])
      assert.deepStrictEqual(built, sources)
    }))

  it.effect("leaves publint nothing to report", () =>
    Effect.gen(function*() {
      const { directory } = yield* Consumer
      const { messages, pkg } = yield* Effect.promise(() =>
        publint({ pkgDir: `${directory}/node_modules/effect-sms`, pack: false, strict: true })
      )
      assert.deepStrictEqual(messages.map((message) => formatMessage(message, pkg)), [])
    }))

  for (const [module, moduleResolution] of [["nodenext", "nodenext"], ["preserve", "bundler"]]) {
    it.effect(`type-checks in a strict program with ${moduleResolution} resolution`, () =>
      Effect.gen(function*() {
        const { directory, open } = yield* Consumer
        const fs = yield* FileSystem.FileSystem
        yield* fs.writeFileString(`${directory}/program.ts`, program(open))
        yield* fs.writeFileString(
          `${directory}/tsconfig.json`,
          JSON.stringify({
            files: ["program.ts"],
            compilerOptions: {
              target: "es2022",
              module,
              moduleResolution,
              strict: true,
              exactOptionalPropertyTypes: true,
              noUncheckedIndexedAccess: true,
              noEmit: true,
              types: []
            }
          })
        )
        yield* run(directory, process.execPath, `${root}/node_modules/typescript/bin/tsc`, "--project", directory)
      }), 60_000)
  }

  it.effect("runs on Node without flags", () =>
    Effect.gen(function*() {
      const { directory, open } = yield* Consumer
      const fs = yield* FileSystem.FileSystem
      yield* fs.writeFileString(`${directory}/program.ts`, program(open))
      const output = yield* run(directory, process.execPath, "program.ts")
      assert.strictEqual(output.trim(), `+14185551234 POST ${open.length} true`)
    }), 60_000)

  it.effect("closes every module that is not documented", () =>
    Effect.gen(function*() {
      const { closed, directory } = yield* Consumer
      const fs = yield* FileSystem.FileSystem
      assert.include(closed, "effect-sms/internal/wire")
      assert.include(closed, "effect-sms/twilio/Schema")
      yield* fs.writeFileString(
        `${directory}/closed.js`,
        `for (const module of ${JSON.stringify(closed)}) {
          await import(module).then(() => console.log("open:", module), ({ code }) => {
            if (code !== "ERR_PACKAGE_PATH_NOT_EXPORTED") console.log(code, module)
          })
        }`
      )
      assert.strictEqual(yield* run(directory, process.execPath, "closed.js"), "")
    }), 60_000)
})
