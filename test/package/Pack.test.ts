/**
 * What a user gets who installs the package in an empty project.
 */
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core"
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, FileSystem, Layer, Path, Schema, Stream } from "effect"
import { ChildProcess } from "effect/process"
import { dirname } from "node:path"
import { publint } from "publint"
import { formatMessage } from "publint/utils"
import source from "../../package.json" with { type: "json" }
import { accepted, makeTwilio } from "../http/twilio.ts"
import { curl } from "../main/curl.ts"
import { freePort, root, run, sh, shell } from "./shell.ts"

const Manifest = Schema.fromJsonString(Schema.Struct({
  name: Schema.String,
  exports: Schema.Record(
    Schema.String,
    Schema.NullOr(Schema.Union([Schema.String, Schema.Record(Schema.String, Schema.String)]))
  )
}))

/** Runs the installed executable, with these variables and no others. */
const effectSms = (
  directory: string,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {}
) =>
  Effect.scoped(Effect.gen(function*() {
    const child = yield* ChildProcess.make(`${directory}/node_modules/.bin/effect-sms`, args, {
      cwd: directory,
      env: { PATH: dirname(process.execPath), ...env },
      extendEnv: false,
      stdin: "ignore"
    })
    const [output, errors] = yield* Effect.all(
      [Stream.mkString(Stream.decodeText(child.stdout)), Stream.mkString(Stream.decodeText(child.stderr))],
      { concurrency: "unbounded" }
    )
    return { code: Number(yield* child.exitCode), output, errors }
  }))

/** An empty project in which the packed tarball is installed. */
class Consumer extends Context.Service<Consumer, {
  readonly directory: string
  /** The path of the packed package. */
  readonly packed: string
  readonly tarball: Uint8Array
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
    const modules = files.flatMap((file) =>
      file.startsWith("dist/") && !file.startsWith("dist/console/") && file.endsWith(".js") ? [file.slice(5, -3)] : []
    )
    const topLevel = modules.filter((module) => !module.includes("/") && manifest.exports[`./${module}`] !== null)
    const open = [
      ...subpaths.filter((subpath) => !subpath.includes("*") && subpath !== "./package.json"),
      ...topLevel.map((module) => `./${module}`)
    ].map(specifier)
    const closed = modules.map(specifier).filter((module) => !open.includes(module))
    return Consumer.of({
      directory,
      packed: path.join(directory, tarball!),
      tarball: yield* fs.readFile(path.join(directory, tarball!)),
      files,
      open,
      closed
    })
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
      const allowed =
        /^(LICENSE|CHANGELOG\.md|README\.md|docs\/(guides\/)?[\w-]+\.(md|png)|package\.json|src\/.+\.ts|dist\/.+\.(js|d\.ts)(\.map)?)$/
      const starter = files.filter((file) => file.startsWith("examples/"))
      assert.deepStrictEqual(
        starter.map((file) => file.slice("examples/starter/".length)),
        (yield* (yield* FileSystem.FileSystem).readDirectory(`${root}/examples/starter`, { recursive: true }))
          .filter((file) => /\.\w+$|^(env|gitignore)$/.test(file)).sort()
      )
      // The page of the console, which is no module of the package.
      const page = files.filter((file) => file.startsWith("dist/console/"))
      assert.deepStrictEqual(
        page.map((file) => file.slice("dist/console/".length).replace(/-[\w-]{8}\./, ".")).sort(),
        [
          "assets/Consent.js",
          "assets/Phone.css",
          "assets/Phone.js",
          "assets/index.css",
          "assets/index.js",
          "icon.svg",
          "index.html"
        ]
      )
      const others = files.filter((file) => !page.includes(file) && !starter.includes(file))
      assert.deepStrictEqual(others.filter((file) => !allowed.test(file) || /\.test\.|fixtures/.test(file)), [])
      const sources = others.flatMap((file) => file.startsWith("src/") ? [file.slice(4, -3)] : [])
      const built = others.flatMap((file) => file.endsWith(".js") ? [file.slice(5, -3)] : [])
      // The entries for the edge are bundled, each from its own module.
      const bundles = ["sinch/webhook", "telnyx/webhook", "twilio/webhook", "voicemeup/webhook"]
      assert.deepStrictEqual(built, [...sources, ...bundles].sort())
    }))

  it.effect("leaves publint nothing to report", () =>
    Effect.gen(function*() {
      const { directory } = yield* Consumer
      const { messages, pkg } = yield* Effect.promise(() =>
        publint({ pkgDir: `${directory}/node_modules/effect-sms`, pack: false, strict: true })
      )
      assert.deepStrictEqual(messages.map((message) => formatMessage(message, pkg)), [])
    }))

  it.effect("has types that resolve in each mode of TypeScript that can import it", () =>
    Effect.gen(function*() {
      const { tarball } = yield* Consumer
      const analysis = yield* Effect.promise(() => checkPackage(createPackageFromTarballData(tarball)))
      if (!analysis.types) return assert.fail("the package has no types")
      // It is for Node 22 and newer, where `require` loads ESM: there is no build for CommonJS, nor for TypeScript before
      // `exports`.
      const modes = ["node16-esm", "bundler"]
      const isMeant = (problem: typeof analysis.problems[number]) =>
        !("resolutionKind" in problem) || modes.includes(problem.resolutionKind)
      assert.deepStrictEqual(analysis.problems.filter(isMeant), [])
      assert.isAbove(Object.keys(analysis.entrypoints).length, 30)
    }), 120_000)

  it.effect("has source maps that lead to its own sources", () =>
    Effect.gen(function*() {
      const { directory, files } = yield* Consumer
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const installed = path.join(directory, "node_modules/effect-sms")
      const maps = files.filter((file) => file.endsWith(".js.map"))
      assert.lengthOf(maps, files.filter((file) => file.endsWith(".js") && !file.startsWith("dist/console/")).length)
      const Map = Schema.fromJsonString(Schema.Struct({ sources: Schema.Array(Schema.String) }))
      for (const file of maps) {
        const { sources } = yield* Schema.decodeEffect(Map)(yield* fs.readFileString(path.join(installed, file)))
        assert.isAbove(sources.length, 0)
        for (const source of sources) assert.include(files, path.join(path.dirname(file), source))
      }
    }), 60_000)

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
      assert.include(closed, "effect-sms/internal/record")
      assert.include(closed, "effect-sms/twilio/Schema")
      assert.include(closed, "effect-sms/testing/internal/sendSubject")
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

  it.effect("has a command that sends, and says by its exit code what became of it", () =>
    Effect.gen(function*() {
      const { directory } = yield* Consumer
      const help = yield* effectSms(directory, ["--help"])
      assert.deepStrictEqual([help.code, help.errors], [0, ""])
      assert.include(help.output, "effect-sms <subcommand>")
      assert.strictEqual((yield* effectSms(directory, ["--version"])).output, `effect-sms v${source.version}\n`)

      const send = Effect.fnUntraced(function*(twilio: Parameters<typeof makeTwilio>[0]) {
        const { baseUrl } = yield* makeTwilio(twilio)
        return yield* effectSms(directory, ["send", "--provider", "twilio", "--to", "+15145550142", "Hello"], {
          TWILIO_ACCOUNT_SID: "AC1",
          TWILIO_AUTH_TOKEN: "token",
          TWILIO_FROM: "+15145550100",
          TWILIO_BASE_URL: baseUrl
        })
      })
      assert.deepStrictEqual(yield* send({ status: 201, body: accepted }), {
        code: 0,
        output: "twilio accepted SM1: queued\n",
        errors: ""
      })
      const refused = { status: 400, body: JSON.stringify({ code: 21610, message: "Unsubscribed" }) }
      assert.deepInclude(yield* send(refused), { code: 3, output: "" })
      assert.deepInclude(yield* send("cut the connection"), { code: 4, output: "" })
      assert.strictEqual((yield* effectSms(directory, ["send"])).code, 2)
      assert.strictEqual((yield* effectSms(directory, ["serve"], { PORT: "many" })).code, 1)
    }), 60_000)

  it.effect(
    "is all that a user needs to write a carrier, to test it with the suites and to serve it",
    () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const { directory } = yield* Consumer
        const sources = ["Carrier.ts", "Environment.ts", "Samples.ts", "Send.ts", "start.ts"]
        yield* fs.makeDirectory(`${directory}/acme`)
        for (const file of [...sources, "fixtures.ts", "Conformance.test.ts"]) {
          yield* fs.copyFile(`${root}/test/fifth-carrier/${file}`, `${directory}/acme/${file}`)
        }
        yield* fs.writeFileString(
          `${directory}/acme/tsconfig.json`,
          JSON.stringify({
            files: [...sources, "fixtures.ts"],
            compilerOptions: {
              target: "es2024",
              module: "nodenext",
              strict: true,
              exactOptionalPropertyTypes: true,
              noUncheckedIndexedAccess: true,
              allowImportingTsExtensions: true,
              noEmit: true,
              types: []
            }
          })
        )
        yield* run(directory, process.execPath, `${root}/node_modules/typescript/bin/tsc`, "--project", "acme")
        const tests = yield* run(directory, process.execPath, "node_modules/vitest/vitest.mjs", "run", "--no-color")
        assert.match(tests, /Tests +\d{2,} passed/)
        assert.match(yield* run(directory, process.execPath, "acme/start.ts", "send", "--help"), /twilio.*acme/)
      }),
    120_000
  )

  it.effect("writes a project that runs with two commands, tests itself and answers", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const { packed } = yield* Consumer
      const empty = yield* fs.makeTempDirectoryScoped({ prefix: "effect-sms-starter-" })
      // As npx does: only the package and its peers that are not optional.
      assert.match(
        yield* sh(empty, `npm exec --yes --package ${packed} -- effect-sms init shop`),
        /^Wrote shop, 12 files\. Next:\n\n {2}cd shop\n {2}npm install\n {2}npm start\n/
      )
      const project = `${empty}/shop`
      const { dependencies } = JSON.parse(yield* fs.readFileString(`${project}/package.json`))
      assert.strictEqual(dependencies["effect-sms"], `^${source.version}`)
      assert.strictEqual(dependencies.effect, source.peerDependencies.effect)

      // The package as it would be published.
      yield* sh(project, `npm install ${packed}`)
      assert.deepStrictEqual(yield* effectSms(project, ["init"]), {
        code: 1,
        output: "",
        errors: `${yield* fs.realPath(project)} is not empty. Name a folder that is empty or does not exist\n`
      })
      yield* sh(project, "npm run check")
      assert.match(yield* sh(project, "npm test", { NO_COLOR: "1" }), /Tests +3 passed/)

      const [PORT, EMULATOR_PORT] = [yield* freePort, yield* freePort]
      const server = yield* shell(project, "exec npm start", { PORT, EMULATOR_PORT })
      const printed = yield* server.until(/Listening on .*\n/)
      const [text, read] = printed.split("\n").filter((line) => line.startsWith("  curl "))
      yield* curl(text!, 201)
      yield* curl(
        `curl -H 'content-type: application/json' -d '{"within":5}' http://127.0.0.1:${EMULATOR_PORT}/_emulator/quiet`
      )
      assert.include(yield* curl(read!), "We are open from 9 am to 6 pm")
      const [code] = yield* server.end("SIGTERM")
      assert.strictEqual(code, 0, server.errors())
    }), 600_000)

  it.effect("has a command that says which package it needs", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const { directory } = yield* Consumer
      const bare = yield* fs.makeTempDirectoryScoped({ prefix: "effect-sms-bare-" })
      yield* fs.makeDirectory(`${bare}/node_modules/.bin`, { recursive: true })
      yield* fs.copy(`${directory}/node_modules/effect-sms`, `${bare}/node_modules/effect-sms`)
      yield* fs.symlink("../effect-sms/dist/main.js", `${bare}/node_modules/.bin/effect-sms`)
      yield* fs.symlink(`${directory}/node_modules/effect`, `${bare}/node_modules/effect`)
      assert.deepStrictEqual(yield* effectSms(bare, ["--help"]), {
        code: 1,
        output: "",
        errors: "effect-sms needs @effect/platform-node: npm install @effect/platform-node\n"
      })
    }), 60_000)
})
