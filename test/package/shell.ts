/** The shell commands of Markdown files, and copies of the repository to run them in. */
import { assert } from "@effect/vitest"
import { Effect, FileSystem, Stream } from "effect"
import { ChildProcess } from "effect/process"
import { cpSync } from "node:fs"
import { resolve } from "node:path"

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
