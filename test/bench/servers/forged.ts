/**
 * Forged webhooks of Twilio's, and genuine ones between them, in a process of
 * its own. The signature of a forged one has the right form and does not fit.
 * Each has a connection of its own, as most carriers do it.
 *
 * Takes one `Task` after the other over IPC, and answers each with what it measured.
 */
import { createHmac } from "node:crypto"
import { Agent, request } from "node:http"
import { twilioForm } from "../inputs/forms.ts"
import { authToken, path, publicUrl, url } from "./listening.ts"

export type Kind =
  | "genuine"
  | "small fields"
  | "one large field"
  | "many fields"
  | "long query"
  | "1 MB of small fields"
  | "chunks of one byte"

export type Task =
  /** So many of one kind, one after the other. */
  | { readonly port: number; readonly kind: Kind; readonly requests: number }
  /** The time of a genuine webhook, while so many callers send forged ones. */
  | { readonly port: number; readonly kind: Kind; readonly forgers: number; readonly genuine: number }

type Among = Extract<Task, { readonly forgers: number }>

interface Call {
  readonly target: string
  readonly body: string
  readonly signature: string
}

let sent = 0

const genuine = (): Call => {
  const id = `SM${(process.pid * 1_000_000 + sent++).toString(16).padStart(32, "0")}`
  const form = {
    ...twilioForm(id, `Hello, number ${sent}: is my order on its way?`),
    From: `+1650555${String(1000 + sent % 200)}`
  }
  const text = Object.entries(form).sort(([a], [b]) => a < b ? -1 : 1).flat().join("")
  return {
    target: path,
    body: `${new URLSearchParams(form)}`,
    signature: createHmac("sha1", authToken).update(url + text).digest("base64")
  }
}

/** Fields of four characters until the body has this size. */
const smallFields = (bytes: number): string => {
  let body = `${new URLSearchParams(twilioForm("SM1", ""))}`
  for (let i = 0; body.length < bytes; i++) body += `&${i.toString(36)}=${i % 10}`
  return body
}

/** What costs most within the limits, and what is past them. */
const bodies: Readonly<Record<Exclude<Kind, "genuine">, string>> = {
  "small fields": smallFields(64 * 1024),
  "1 MB of small fields": smallFields(1_000_000),
  "one large field": `${new URLSearchParams(twilioForm("SM1", "a".repeat(64_000)))}`,
  "many fields": `${new URLSearchParams(twilioForm("SM1", ""))}&${
    Array.from({ length: 170 }, (_, i) => `F${i}=${"%F0%9F%98%80".repeat(31)}`).join("&")
  }`,
  "long query": `${new URLSearchParams(twilioForm("SM1", ""))}`,
  "chunks of one byte": "x".repeat(8192)
}

const query = `?${Array.from({ length: 90 }, (_, i) => `q${i}=it's+%27a%27+${i}`).join("&")}`

const forged = (kind: Exclude<Kind, "genuine">): Call => ({
  target: path + (kind === "long query" ? query : ""),
  body: bodies[kind],
  // Another one each time, as from somebody who tries.
  signature: createHmac("sha1", "not the token").update(String(sent++)).digest("base64")
})

/** Whether the answer was the one that is due. A connection that is cut is a refusal too. */
const call = (agent: Agent, port: number, { body, signature, target }: Call, kind: Kind): Promise<void> =>
  new Promise((resolve, reject) => {
    const isGenuine = kind === "genuine"
    const isChunked = kind === "chunks of one byte"
    const outgoing = request({
      agent,
      port,
      host: "127.0.0.1",
      method: "POST",
      path: target,
      headers: {
        host: new URL(publicUrl).host,
        "content-type": "application/x-www-form-urlencoded",
        ...isChunked ? { "transfer-encoding": "chunked" } : { "content-length": Buffer.byteLength(body) },
        "x-twilio-signature": signature
      }
    })
    outgoing.on("response", (response) => {
      response.resume()
      response.on("end", () =>
        (response.statusCode === 200) === isGenuine
          ? resolve()
          : reject(new Error(`Answered ${response.statusCode} to a ${isGenuine ? "genuine" : "forged"} webhook`)))
    })
    outgoing.on("error", (error) => isGenuine ? reject(error) : resolve())
    outgoing.cork()
    for (const byte of isChunked ? body : []) outgoing.write(byte)
    outgoing.end(isChunked ? undefined : body)
  })

const callOf = (kind: Kind): Call => kind === "genuine" ? genuine() : forged(kind)

const inTurn = async (port: number, kind: Kind, requests: number): Promise<void> => {
  const agent = new Agent({ maxSockets: 1 })
  for (let i = 0; i < requests; i++) await call(agent, port, callOf(kind), kind)
  agent.destroy()
}

/** In milliseconds, the median of genuine webhooks, one after the other. */
const among = async ({ forgers, genuine, kind, port }: Among): Promise<number> => {
  const ended = new AbortController()
  const flood = Array.from({ length: forgers }, async () => {
    const agent = new Agent({ maxSockets: 1 })
    while (!ended.signal.aborted) await call(agent, port, callOf(kind), kind)
    agent.destroy()
  })
  const agent = new Agent({ maxSockets: 1 })
  const took: Array<number> = []
  for (let i = 0; i < genuine; i++) {
    const start = performance.now()
    await call(agent, port, callOf("genuine"), "genuine")
    took.push(performance.now() - start)
  }
  ended.abort()
  agent.destroy()
  await Promise.all(flood)
  return took.sort((a, b) => a - b)[took.length >> 1]!
}

process.on("message", (task: Task) => {
  void (async () => {
    if ("forgers" in task) process.send?.({ median: await among(task) })
    else {
      await inTurn(task.port, task.kind, task.requests)
      process.send?.({})
    }
  })()
})
process.on("disconnect", () => process.exit())
