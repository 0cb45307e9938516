/**
 * The shell commands of the README and of the documentation, where they say that
 * they work: in a fresh clone, and in an empty project with the packed package.
 */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, FileSystem, Layer } from "effect"
import { readdirSync, readFileSync } from "node:fs"
import manifest from "../../package.json" with { type: "json" }
import { accepted, makeTwilio } from "../http/twilio.ts"
import { curl } from "../main/curl.ts"
import { clone, commandsOf, freePort, root, run, sh, shell } from "./shell.ts"

const limit = 300_000

const read = (file: string) => readFileSync(`${root}/${file}`, "utf8")
const [ci, start, install, serve, post, ...others] = commandsOf(read("README.md"))
const pages = readdirSync(`${root}/docs`, { recursive: true, encoding: "utf8" })
  .filter((page) => page.endsWith(".md"))
  .sort()
const documented = pages.flatMap((page) => commandsOf(read(`docs/${page}`)))
const isServe = (command: string) => /(^| )npx effect-sms serve$/.test(command)
const isSend = (command: string) => command.startsWith("npx effect-sms send ")
const isToken = (command: string) => command.startsWith("npx effect-sms token ")
const isForget = (command: string) => command.startsWith("npx effect-sms forget ")
const isOperate = (command: string) =>
  /^npx effect-sms (?:intents|resend|give-up|dead-letters|replay|consent (?:show|set|export))\b(?! --recording| --keys)/
    .test(command)
const isRecord = (command: string) => command.startsWith("npx effect-sms record ")
const isReplay = (command: string) => /^npx effect-sms replay --(?:recording|keys)/.test(command)
const isEmulate = (command: string) => command === "npx effect-sms emulate"
const isStarter = (command: string) => /^(?:npx effect-sms init |cd |npm (?:install|start)$)/.test(command)
const isCompletion = (command: string) => command.startsWith("effect-sms --completions ")
const isCurl = (command: string) => command.startsWith("curl ")
const isVariable = (command: string) => /^[A-Z_]+=\S+$/.test(command)
/** Tried by test/sql/Backup.test.ts and test/integration/Backup.test.ts. */
const isBackup = (command: string) => /^(?:node --eval .*backup|rm -f |cp |pg_dump |pg_restore )/.test(command)
const isTried = [
  isServe,
  isSend,
  isToken,
  isForget,
  isOperate,
  isRecord,
  isReplay,
  isEmulate,
  isStarter,
  isCompletion,
  isCurl,
  isVariable,
  isBackup
]

const account = {
  TWILIO_ACCOUNT_SID: "AC00000000000000000000000000000000",
  TWILIO_AUTH_TOKEN: "token",
  TWILIO_FROM: "+15145550100"
}

/** Sends in a folder, and serves, both through a Twilio on this machine. */
const sendAndServe = (cwd: string) =>
  Effect.scoped(Effect.gen(function*() {
    const twilio = yield* makeTwilio({ status: 201, body: accepted })
    const env = { TWILIO_BASE_URL: twilio.baseUrl }
    for (const command of documented.filter(isSend)) {
      assert.strictEqual(yield* sh(cwd, command, { ...account, ...env }), "twilio accepted SM1: queued\n")
    }
    for (const command of documented.filter(isToken)) {
      assert.match(yield* sh(cwd, command), /shown only now:\n\n {2}sms_[^]*"sha256":"[0-9a-f]{64}"/)
    }
    const before = twilio.asked.length
    assert.isAbove(before, 0)
    const database = { DATABASE_URL: "sqlite:effect-sms.db" }
    const server = yield* shell(cwd, serve!, { ...env, ...database, PORT: "0", HOST: "127.0.0.1" })
    const [, port] = /Listening on .*:(\d+)/.exec(yield* server.until(/Listening on .*\n/))!
    const receipt = yield* curl(post!.replace(":3000/", `:${port}/`), 202)
    assert.deepStrictEqual(JSON.parse(receipt).messageIds, ["SM1"])
    assert.deepStrictEqual(twilio.asked.slice(before).map(({ form }) => form["Body"]), ["Your parcel is on its way."])
    const [, ADMIN_TOKEN = ""] = /ADMIN_TOKEN=(\S+)/.exec(serve!) ?? []
    for (const command of documented.filter(isOperate)) {
      const { ended, errors } = yield* shell(cwd, `${command} --url http://127.0.0.1:${port}`, { ADMIN_TOKEN })
      // The server has neither what the documentation names nor forwarding.
      const code = yield* ended
      if (code !== 0) assert.match(`${code} ${errors()}`, /^1 Unknown (?:send|entry|endpoint)/, command)
    }
    const record = documented.find(isRecord)
    const recorder = yield* shell(cwd, `${record} --port 0 --to http://127.0.0.1:${port}`, account)
    yield* recorder.until(/Recording on .*\n/)
    yield* recorder.end("SIGINT")
    assert.match(recorder.output(), /Recorded 0 webhooks in webhooks\.jsonl\n$/)
    for (const command of documented.filter(isReplay)) {
      const to = command.includes("--recording") ? ` --to http://127.0.0.1:${port}` : ""
      assert.match(yield* sh(cwd, `${command}${to}`, account), /^(?:Sent 0 webhooks\n|export TELNYX_PUBLIC_KEY=)/)
    }
    for (const command of documented.filter(isEmulate)) {
      const emulator = yield* shell(cwd, `${command} --port 0`)
      yield* emulator.until(/^export TWILIO_BASE_URL=http:[^]*Ctrl-C/m)
      yield* emulator.end("SIGINT")
    }
    for (const command of documented.filter(isCompletion)) {
      assert.include(yield* sh(cwd, `npx ${command.split(" >", 1)[0]}`), "effect-sms")
    }
    for (const [index, command] of documented.filter(isForget).entries()) {
      const left = yield* sh(cwd, command, database)
      assert.match(left, index === 0 ? /^sends +[1-9]/m : /^sends +0$/m)
    }
  }))

class Clone extends Context.Service<Clone, { readonly directory: string }>()("test/package/Clone") {}

const layerClone = Layer.effect(
  Clone,
  Effect.gen(function*() {
    const directory = yield* clone
    yield* sh(directory, ci!)
    return Clone.of({ directory })
  })
).pipe(Layer.provideMerge(NodeServices.layer))

layer(layerClone, { timeout: limit })("the commands of the documentation", (it) => {
  it("are all among those that are tried here", () => {
    assert.deepStrictEqual([ci, start], ["npm ci", "npm start"])
    assert.match(install!, /^npm install effect-sms /)
    assert.isTrue(isServe(serve!))
    assert.isTrue(isCurl(post!))
    assert.deepStrictEqual(others, [])
    assert.deepStrictEqual(
      documented.filter((command) => !isTried.some((is) => is(command))),
      []
    )
    const scripts = ["README.md", ...pages.map((page) => `docs/${page}`)].flatMap((file) =>
      [...read(file).matchAll(/`npm run ([\w:]+)/g)].map(([, name]) => name!)
    )
    assert.isAbove(scripts.length, 0)
    assert.deepStrictEqual(scripts.filter((name) => !Object.hasOwn(manifest.scripts, name)), [])
  })

  it.effect("start the demonstration in a fresh clone", () =>
    Effect.gen(function*() {
      const { directory } = yield* Clone
      const server = yield* shell(directory, `exec ${start}`, { PORT: "0" })
      yield* server.until(/Ctrl-C stops the server\.\n/)
      assert.strictEqual((yield* server.end("SIGTERM"))[0], 0)
    }), limit)

  it.effect("send and serve in a fresh clone", () =>
    Effect.gen(function*() {
      const { directory } = yield* Clone
      assert.strictEqual(yield* sh(directory, "npx effect-sms --version"), `effect-sms v${manifest.version}\n`)
      yield* sendAndServe(directory)
    }), limit)

  it.effect("write an application from a fresh clone, and start it", () =>
    Effect.gen(function*() {
      const { directory } = yield* Clone
      const [PORT, EMULATOR_PORT] = [yield* freePort, yield* freePort]
      const commands = documented.filter(isStarter)
      assert.lengthOf(commands, 4)
      const server = yield* shell(directory, commands.join(" && "), { PORT, EMULATOR_PORT })
      yield* server.until(/Listening on .*\n/)
      for (const command of documented.filter((line) => isCurl(line) && line.includes("/_emulator/"))) {
        yield* curl(command.replace(":4010/", `:${EMULATOR_PORT}/`), command.includes(" -d ") ? 201 : 200)
      }
      yield* server.end("SIGINT")
    }), limit)

  it.effect("install the package in an empty project, and send and serve there", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const { directory } = yield* Clone
      const project = yield* fs.makeTempDirectoryScoped({ prefix: "effect-sms-project-" })
      yield* run(directory, "npm", "pack", "--pack-destination", project)
      const tarball = (yield* fs.readDirectory(project)).find((file) => file.endsWith(".tgz"))
      // The package as it would be published.
      yield* sh(project, install!.replace(" effect-sms ", ` ./${tarball} `))
      yield* sendAndServe(project)
      const optional = [...read("README.md").matchAll(/`(npm install [^`]+)`/g)].map(([, command]) => command!)
      assert.isAbove(optional.length, 0)
      for (const command of optional) yield* sh(project, command.replace("npm install", "npm install --ignore-scripts"))
      const named = [install!, ...optional].join(" ")
      assert.deepStrictEqual(Object.keys(manifest.peerDependencies).filter((name) => !named.includes(` ${name}@`)), [])
    }), limit)
})
