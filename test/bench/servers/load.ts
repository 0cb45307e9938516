/**
 * The load, in a process of its own: messages of Twilio's, each another one,
 * signed before the time runs. Its client writes and reads bytes and no more,
 * so that the servers are what is busy.
 *
 * Takes one `Task` after the other over IPC, and answers each with what it measured.
 */
import { createHmac } from "node:crypto"
import { connect, type Socket } from "node:net"
import { twilioForm } from "../inputs/forms.ts"
import { authToken, path, publicUrl, url } from "./listening.ts"

export type Task =
  /** So many, as fast as they are answered, over these connections: how many in a second. */
  | { readonly port: number; readonly requests: number; readonly connections: number; readonly people?: number }
  /** So many in a second, whether or not the ones before are answered: the time of the slow ones. */
  | { readonly port: number; readonly perSecond: number; readonly seconds: number; readonly people?: number }

type Throughput = Extract<Task, { readonly requests: number }>
type Latency = Extract<Task, { readonly seconds: number }>

let sent = 0

/**
 * Of two hundred people, or as many as the load is told. The id is another one
 * each time, or it would be recognized as a repetition.
 */
const next = (people = 200) => (): Buffer => {
  const id = `SM${process.pid}x${sent++}`
  const form = {
    ...twilioForm(id, `Hello, number ${sent}: is my order on its way?`),
    From: `+1650${String(5551000 + sent * 7919 % people)}`
  }
  const text = Object.entries(form).sort(([a], [b]) => a < b ? -1 : 1).flat().join("")
  const signature = createHmac("sha1", authToken).update(url + text).digest("base64")
  const body = `${new URLSearchParams(form)}`
  return Buffer.from([
    `POST ${path} HTTP/1.1`,
    `host: ${new URL(publicUrl).host}`,
    "content-type: application/x-www-form-urlencoded",
    `content-length: ${Buffer.byteLength(body)}`,
    `x-twilio-signature: ${signature}`,
    "user-agent: TwilioProxy/1.1",
    "accept: */*",
    "",
    body
  ].join("\r\n"))
}

/** One request at a time over one connection that stays open. */
class Client {
  readonly #socket: Socket
  #received = ""
  #done: (() => void) | undefined
  #failed: ((error: Error) => void) | undefined

  constructor(port: number) {
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true })
    this.#socket.setEncoding("latin1").on("data", (text: string) => this.#receive(text))
    this.#socket.on("error", (error) => this.#failed?.(error))
    this.#socket.on("close", () => this.#failed?.(new Error("The server closed a connection")))
  }

  request(bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#done = resolve
      this.#failed = reject
      this.#socket.write(bytes)
    })
  }

  close(): void {
    this.#failed = undefined
    this.#socket.destroy()
  }

  #receive(text: string): void {
    this.#received += text
    const head = this.#received.indexOf("\r\n\r\n")
    if (head === -1) return
    const length = /^content-length: *(\d+)/im.exec(this.#received.slice(0, head))?.[1]
    const isWhole = length === undefined
      ? this.#received.endsWith("0\r\n\r\n")
      : this.#received.length >= head + 4 + Number(length)
    if (!isWhole) return
    const isAnswer = this.#received.startsWith("HTTP/1.1 200 ") && this.#received.includes("<Response/>")
    this.#received = ""
    if (isAnswer) this.#done?.()
    else this.#failed?.(new Error("The server refused a webhook"))
  }
}

/** In a second. */
const throughput = async ({ connections, people, port, requests }: Throughput): Promise<number> => {
  const clients = Array.from({ length: connections }, () => new Client(port))
  const waiting = Array.from({ length: requests }, next(people))
  const start = performance.now()
  await Promise.all(clients.map(async (client) => {
    for (let bytes = waiting.pop(); bytes !== undefined; bytes = waiting.pop()) await client.request(bytes)
  }))
  const seconds = (performance.now() - start) / 1000
  for (const client of clients) client.close()
  return requests / seconds
}

/**
 * In milliseconds, what one request in a hundred takes longer than. The time
 * runs from when it was due, so that a server that stalls cannot hide it.
 */
const p99 = async ({ people, perSecond, port, seconds }: Latency): Promise<number> => {
  const waiting = Array.from({ length: perSecond * seconds }, next(people))
  const idle: Array<Client> = []
  const open: Array<Client> = []
  const took: Array<number> = []
  const start = performance.now()
  await Promise.all(waiting.map(async (bytes, i) => {
    const due = start + i / perSecond * 1000
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())))
    let client = idle.pop()
    if (client === undefined) open.push(client = new Client(port))
    await client.request(bytes)
    took.push(performance.now() - due)
    idle.push(client)
  }))
  for (const client of open) client.close()
  return took.sort((a, b) => a - b)[Math.floor(took.length * 0.99)]!
}

process.on("message", (task: Task) => {
  void (async () => {
    process.send?.("requests" in task ? { requests: await throughput(task) } : { p99: await p99(task) })
  })()
})
process.on("disconnect", () => process.exit())
