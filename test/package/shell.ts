/** The shell commands of Markdown files, and copies of the repository to run them in. */
import { assert } from "@effect/vitest"
import { Effect, FileSystem, Stream } from "effect"
import { ChildProcess } from "effect/process"
import { cpSync } from "node:fs"
import { type AddressInfo, createServer } from "node:net"
import { resolve } from "node:path"
import { launch, searchPath } from "../main/process.ts"

export const root = resolve(import.meta.dirname, "../..")

/** Runs a program and returns what it wrote. An exit code other than 0 fails the test. */
export const run = (cwd: string, command: string, ...args: ReadonlyArray<string>) =>
  Effect.scoped(Effect.gen(function*() {
    const child = yield* ChildProcess.make(command, args, { cwd, stdin: "ignore" })
    const output = yield* Stream.mkString(Stream.decodeText(child.all))
    const code = yield* child.exitCode
    assert.strictEqual(code, 0, `${command} ended with ${code}:\n${output}`)
    return output
  }))

/** Returns the commands of the `sh` fences of a text, each as one line of a shell. */
export const commandsOf = (markdown: string): ReadonlyArray<string> =>
  [...markdown.matchAll(/^```sh\n([^]*?)^```$/gm)].flatMap(([, code]) =>
    code!.replaceAll(/\\\n\s*/g, "").split("\n").filter((line) => line.trim() !== "")
  )

/** Copies what a clone of the repository would have to a folder that is removed with the scope. */
export const clone = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = `${yield* fs.makeTempDirectoryScoped({ prefix: "effect-sms-clone-" })}/effect-sms`
  const untracked = /\/node_modules$|^\/(dist|\.git|\.test-output|effect-sms\.db.*)$|\.(tgz|tsbuildinfo|cpuprofile)$/
  yield* Effect.sync(() =>
    cpSync(root, directory, { recursive: true, filter: (path) => !untracked.test(path.slice(root.length)) })
  )
  return directory
})

const quiet = { npm_config_prefer_offline: "true", npm_config_audit: "false", npm_config_fund: "false" }

/** The certificates of a proxy in front of the registry, where there is one. */
const { NODE_EXTRA_CA_CERTS } = process.env
const certificates = NODE_EXTRA_CA_CERTS === undefined ? {} : { NODE_EXTRA_CA_CERTS }

/** Starts a line of a shell in a folder. */
export const shell = (cwd: string, command: string, env: Readonly<Record<string, string>> = {}) =>
  launch("sh", ["-c", command], { ...searchPath, ...quiet, ...certificates, ...env }, cwd)

/** Runs a line of a shell in a folder to its end, and returns what it wrote. */
export const sh = (cwd: string, command: string, env: Readonly<Record<string, string>> = {}) =>
  Effect.scoped(Effect.gen(function*() {
    const { ended, errors, output } = yield* shell(cwd, command, env)
    const code = yield* ended
    assert.strictEqual(code, 0, `${command}\n${output()}${errors()}`)
    return output()
  }))

/** A port that nothing listens on, for a program that has to know its port before it starts. */
export const freePort = Effect.callback<string>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo
    server.close(() => resume(Effect.succeed(String(port))))
  })
})
