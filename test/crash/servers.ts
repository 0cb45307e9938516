/**
 * Servers that are started again whenever they were killed.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { rmSync, writeFileSync } from "node:fs"
import { type AddressInfo, createServer } from "node:net"
import { basename, join } from "node:path"
import { rolldown } from "rolldown"

const root = join(import.meta.dirname, "../..")

/**
 * Writes a program and the modules that it imports into a few files, and returns the name of the first. Its sources are
 * 700 files, which take two seconds of a processor to load: four times as long, and most of the time of a kill.
 */
const bundle = async (program: string): Promise<string> => {
  // In the repository, where the packages are found that are no part of it.
  const directory = join(root, ".test-output", `crash-${basename(program, ".ts")}`)
  rmSync(directory, { recursive: true, force: true })
  const build = await rolldown({
    input: program,
    cwd: root,
    platform: "node",
    external: (id) => /^[@\w]/.test(id) && !/^(effect|@effect|effect-sms)(\/|$)/.test(id),
    resolve: { conditionNames: ["effect-sms/source", "node", "import"] },
    logLevel: "silent"
  })
  const { output: [{ fileName }] } = await build.write({ dir: directory, format: "esm" })
  writeFileSync(join(directory, "package.json"), `{ "type": "module" }`)
  return join(directory, fileName)
}

const bundles = new Map<string, Promise<string>>()

/** Returns the bundle of a program, which is made once. */
const bundled = (program: string): Promise<string> => {
  const known = bundles.get(program) ?? bundle(program)
  bundles.set(program, known)
  return known
}

export const pause = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis))

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer()
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })

/** Starts a program that listens on `PORT` and says so. */
export const makeServer = async (
  program: string,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>>
) => {
  const port = await freePort()
  const file = await bundled(program)
  let child: ChildProcess
  const errors: Array<string> = []
  const begin = () =>
    new Promise<void>((resolve, reject) => {
      child = spawn(process.execPath, [file, ...args], {
        env: { ...process.env, ...env, PORT: String(port) },
        stdio: ["ignore", "pipe", "pipe"]
      })
      let output = ""
      child.stdout!.on("data", (data) => {
        output += data
        if (output.includes("Listening")) resolve()
      })
      child.stderr!.on("data", (data) => errors.push(String(data)))
      child.once("exit", (code) => code === null ? undefined : reject(new Error(`It ended with ${code}: ${output}`)))
    })
  const kill = (signal: NodeJS.Signals) =>
    new Promise<void>((resolve) => {
      child.once("close", () => resolve())
      child.kill(signal)
    })
  await begin()
  return { base: `http://127.0.0.1:${port}`, begin, kill, errors }
}
