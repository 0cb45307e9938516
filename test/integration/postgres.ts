/**
 * A Postgres of its own for a run of the tests: on this machine only, on a free
 * port, in a directory that is removed at the end. Where none can be started,
 * the tests are skipped, and why is printed.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { chownSync, existsSync, globSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { delimiter, dirname, join } from "node:path"
import type { TestProject } from "vitest/node"

declare module "vitest" {
  interface ProvidedContext {
    /** The URL of a database whose user may create others. Absent where there is no Postgres. */
    readonly postgres: string | undefined
  }
}

/** The folder of the programs. Debian keeps them out of the path. */
const findPrograms = (): string => {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), ...globSync("/usr/lib/postgresql/*/bin")]
  for (const folder of folders) {
    const initdb = join(folder, "initdb")
    const programs = existsSync(initdb) ? dirname(realpathSync(initdb)) : undefined
    if (programs !== undefined && existsSync(join(programs, "postgres"))) return programs
  }
  throw new Error("initdb and postgres are not installed (Debian: apt-get install postgresql)")
}

/** Postgres refuses to run as root. */
const findUser = (): { readonly uid?: number; readonly gid?: number } => {
  if (process.getuid?.() !== 0) return {}
  const [uid, gid] = ["-u", "-g"].map((flag) => Number(execFileSync("id", [flag, "postgres"], { stdio: "pipe" })))
  return { uid: uid!, gid: gid! }
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  server.close()
  await once(server, "close")
  return typeof address === "object" && address !== null ? address.port : 0
}

/** Resolves when it accepts connections. */
const ready = (server: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    let output = ""
    server.stderr!.on("data", (data: Buffer) => {
      output += data.toString()
      if (output.includes("ready to accept connections")) resolve()
    })
    server.once("error", reject)
    server.once("exit", () => reject(new Error(`postgres ended: ${output}`)))
  })

/** Starts one. Without `sync` it survives the tests, and not a loss of power. */
export const start = async ({ sync }: { readonly sync: boolean }) => {
  const programs = findPrograms()
  const user = findUser()
  const directory = mkdtempSync(join(tmpdir(), "effect-sms-postgres-"))
  const remove = () => rmSync(directory, { recursive: true, force: true })
  try {
    const password = randomBytes(16).toString("hex")
    const passwordFile = join(directory, "password")
    writeFileSync(passwordFile, password)
    if (user.uid !== undefined) { for (const path of [directory, passwordFile]) chownSync(path, user.uid, user.gid!) }

    const data = join(directory, "data")
    const options = ["-D", data, "-U", "tester", "--pwfile", passwordFile, "--auth", "scram-sha-256"]
    execFileSync(join(programs, "initdb"), [...options, "-E", "UTF8", "--locale", "C", "--no-sync"], {
      ...user,
      cwd: directory,
      stdio: "pipe"
    })
    const port = await freePort()
    const settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", `fsync=${sync ? "on" : "off"}`]
    const server = spawn(
      join(programs, "postgres"),
      ["-D", data, "-p", String(port), ...settings.flatMap((setting) => ["-c", setting])],
      { ...user, cwd: directory, stdio: ["ignore", "ignore", "pipe"] }
    )
    const kill = () => void server.kill("SIGQUIT")
    process.once("exit", kill)
    await ready(server)
    return {
      url: `postgres://tester:${password}@127.0.0.1:${port}/postgres`,
      stop: async () => {
        server.kill("SIGINT")
        if (server.exitCode === null) await once(server, "exit")
        process.off("exit", kill)
        remove()
      }
    }
  } catch (error) {
    remove()
    throw error
  }
}

/** Runs before all of the tests, and what it gives runs after them. */
export default async (project: TestProject) => {
  try {
    const { stop, url } = await start({ sync: false })
    project.provide("postgres", url)
    return stop
  } catch (error) {
    process.stderr.write(`\nThe tests with Postgres are SKIPPED: ${String(error)}\n`)
    project.provide("postgres", undefined)
    return undefined
  }
}
