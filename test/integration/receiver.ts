/**
 * An application that events are forwarded to, as a process that is killed. It
 * writes down what it handles, and behaves badly in turn.
 */
import { appendFileSync } from "node:fs"
import { createServer } from "node:http"
import { text } from "node:stream/consumers"
import { Webhook } from "standardwebhooks"

const { FORWARD_SECRET = "", LOG = "", PORT } = process.env

export interface Handled {
  readonly id: string
  readonly type: string
  readonly sender?: string
  readonly text?: string
  /** What was wrong with the signature. */
  readonly refused?: string
}

interface Notification {
  readonly type: string
  readonly data: {
    readonly message?: { readonly sender: string; readonly content: { readonly text: string } }
  }
}

const behaviours = ["takes", "fails", "takes", "busy", "takes", "loses its answer", "takes", "answers too late", "slow"]

let count = 0

const write = (handled: Handled) => appendFileSync(LOG, `${JSON.stringify(handled)}\n`)

createServer((request, response) =>
  void text(request).then((body) => {
    const headers = request.headers as Record<string, string>
    const id = headers["webhook-id"] ?? ""
    let notification: Notification
    try {
      notification = new Webhook(FORWARD_SECRET).verify(body, headers) as Notification
    } catch (error) {
      write({ id, type: "", refused: String(error) })
      response.writeHead(401).end()
      return
    }
    const { data: { message }, type } = notification
    const behaviour = behaviours[count++ % behaviours.length]
    if (behaviour === "fails") return void response.writeHead(500).end()
    if (behaviour === "busy") return void response.writeHead(429, { "retry-after": "1" }).end()
    if (behaviour === "slow") return
    write({ id, type, ...(message !== undefined && { sender: message.sender, text: message.content.text }) })
    if (behaviour === "loses its answer") return void response.socket?.destroy()
    const answer = () =>
      response.writeHead(200, { "content-type": "application/json" })
        .end(JSON.stringify(message === undefined ? {} : { reply: { text: `re: ${message.content.text}` } }))
    if (behaviour === "answers too late") setTimeout(answer, 1000)
    else answer()
  })
).listen(Number(PORT), "127.0.0.1", () => process.stdout.write("The receiver listens\n"))
