import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { execFileSync } from "node:child_process"
import { readdirSync, statSync } from "node:fs"
import { resolve } from "node:path"
import manifest from "../../package.json" with { type: "json" }
import { command } from "../../src/cli/Init.ts"
import { runCommand } from "./command.ts"

const root = resolve(import.meta.dirname, "../..")

/** npm on a Node that runs the project. */
const recent = { npm_config_user_agent: "npm/11.19.1 node/v24.11.0 linux x64" }

const init = (args: ReadonlyArray<string>, env: Record<string, string> = recent) => runCommand(command, args, env)

const temporary = FileSystem.FileSystem.use((fs) => fs.makeTempDirectoryScoped({ prefix: "effect-sms-init-" }))

const filesIn = (directory: string) =>
  readdirSync(directory, { recursive: true, encoding: "utf8" })
    .filter((file) => statSync(`${directory}/${file}`).isFile())
    .sort()

const read = (directory: string) => (file: string) =>
  FileSystem.FileSystem.use((fs) => fs.readFileString(`${directory}/${file}`))

layer(NodeServices.layer)("effect-sms init", (it) => {
  it.effect("writes the starter with the versions of this package, and prints the next commands", () =>
    Effect.gen(function*() {
      const directory = `${yield* temporary}/My App`
      const { code, errors, output } = yield* init([directory])
      assert.deepStrictEqual([code, errors], [0, ""])
      assert.match(output, /^Wrote my-app, 13 files\. Next:\n\n {2}cd ".+\/My App"\n {2}npm install\n {2}npm start\n/)
      assert.notInclude(output, "Node")
      const starter = filesIn(`${root}/examples/starter`).filter((file) => file !== "env" && file !== "gitignore")
      const added = [".env", ".env.example", ".gitignore", ".npmrc", "package.json"]
      assert.deepStrictEqual(filesIn(directory), [...starter, ...added].sort())
      assert.deepStrictEqual(JSON.parse(yield* read(directory)("package.json")), {
        name: "my-app",
        version: "0.0.0",
        private: true,
        type: "module",
        scripts: { start: "exec node --env-file-if-exists=.env src/main.ts", test: "vitest run", check: "tsc" },
        dependencies: {
          "@effect/platform-node": manifest.peerDependencies["@effect/platform-node"],
          effect: manifest.peerDependencies.effect,
          // This is a clone. An installed package names its version, as test/package tries.
          "effect-sms": `file:${root}`
        },
        devDependencies: {
          "@effect/vitest": manifest.peerDependencies["@effect/vitest"],
          "@types/node": manifest.devDependencies["@types/node"],
          typescript: manifest.devDependencies.typescript,
          vitest: manifest.peerDependencies.vitest
        },
        engines: manifest.engines
      })
      assert.match(yield* read(directory)("README.md"), /^# my-app\n/)
      assert.strictEqual(yield* read(directory)(".npmrc"), "install-links=true\n")
      assert.strictEqual(yield* read(directory)(".env"), yield* read(root)("examples/starter/env"))
    }))

  it.effect("takes the name from --name, and a folder that has only a repository", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* temporary
      yield* fs.makeDirectory(`${directory}/.git`)
      const { code, output } = yield* init([directory, "--name", "@shop/texts"])
      assert.strictEqual(code, 0)
      assert.match(output, /^Wrote @shop\/texts, /)
      assert.strictEqual(JSON.parse(yield* read(directory)("package.json")).name, "@shop/texts")
    }))

  it.effect("brings a Node where npm runs on one that is too old for the project", () =>
    Effect.gen(function*() {
      for (const [version, isOld] of [["20.20.2", true], ["22.18.0", true], ["22.19.0", false], ["24.0.0", false]]) {
        const directory = yield* temporary
        const { output } = yield* init([directory], { npm_config_user_agent: `npm/11.19.1 node/v${version} linux x64` })
        assert.strictEqual(output.includes(`npm runs on Node ${version} here`), isOld)
        const { allowScripts, devDependencies } = JSON.parse(yield* read(directory)("package.json"))
        assert.strictEqual(devDependencies.node, isOld ? manifest.devDependencies.node : undefined)
        assert.deepStrictEqual(allowScripts, isOld ? { node: true } : undefined)
        assert.strictEqual((yield* read(directory)(".npmrc")).includes("loglevel=error"), isOld)
      }
    }))

  it.effect("prints a folder as a shell reads it", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      for (const name of ["my app", "$HOME", "a `b`", "it's $5", "a\"b", "back\\slash", "bang!"]) {
        const { output } = yield* init([`${directory}/${name}`])
        const [, folder] = /\n {2}cd (.+)\n/.exec(output)!
        assert.strictEqual(
          execFileSync("sh", ["-c", `cd ${folder} && pwd`], { encoding: "utf8" }),
          `${directory}/${name}\n`
        )
      }
    }))

  it.effect("refuses a folder that is not empty, and one that cannot be written, and writes nothing", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* temporary
      yield* fs.writeFileString(`${directory}/notes.txt`, "mine")
      assert.deepStrictEqual(yield* init([directory]), {
        code: 1,
        output: "",
        errors: `${directory} is not empty. Name a folder that is empty or does not exist`
      })
      assert.deepStrictEqual(filesIn(directory), ["notes.txt"])
      const file = yield* init([`${directory}/notes.txt`])
      assert.strictEqual(file.code, 1)
      assert.match(file.errors, /^The project cannot be written to .*notes\.txt: ENOTDIR/)
    }))

  it.effect("refuses a name that npm refuses", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      for (const name of ["My App", ".hidden", "effect", "effect-sms", "a/b"]) {
        const { code, errors } = yield* init([directory, "--name", name])
        assert.deepStrictEqual([code, /name/.test(errors)], [2, true], name)
      }
      assert.deepStrictEqual(filesIn(directory), [])
    }))
})
