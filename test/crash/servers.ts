/**
 * Servers that are started again whenever they were killed.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { type AddressInfo, createServer } from "node:net"

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
  let child: ChildProcess
  const errors: Array<string> = []
  const begin = () =>
    new Promise<void>((resolve, reject) => {
      child = spawn(process.execPath, ["--conditions=effect-sms/source", program, ...args], {
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
