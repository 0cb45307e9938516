/**
 * The load of the emulator, in a process of its own: it sends messages through the API of Twilio, and takes the
 * callbacks. Both sides write and read bytes and no more, so that the emulator is what is busy.
 *
 * Tells the port of the callbacks at first. Takes one `Task` after the other over IPC, and answers each with a `Sample`.
 */
import { connect, createServer, type Socket } from "node:net"
import { portOf } from "./listening.ts"

export interface Task {
  readonly port: number
  /** The variables of a server that uses the emulator. */
  readonly env: Readonly<Record<string, string>>
  readonly connections: number
  /** So many messages are sent, each once the one before on its connection was answered. */
  readonly sends: number
}

export interface Done {
  /** In a second, from the first request until the last callback. */
  readonly sends: number
}

/** Each message has two: `sent` and `delivered`. */
const callbacksOfSend = 2

let sent = 0
let called = 0
let finished: (() => void) | undefined

/** The bytes of the next request. The recipient is one of ten thousand people. */
const nextOf = ({ env, port }: Task, callbackPort: number): () => string => {
  const { TWILIO_ACCOUNT_SID: sid = "", TWILIO_AUTH_TOKEN: token = "", TWILIO_FROM: from = "" } = env
  const head = [
    `POST /twilio/2010-04-01/Accounts/${sid}/Messages.json HTTP/1.1`,
    `host: 127.0.0.1:${port}`,
    `authorization: Basic ${btoa(`${sid}:${token}`)}`,
    "content-type: application/x-www-form-urlencoded",
    "content-length: "
  ].join("\r\n")
  const callback = encodeURIComponent(`http://127.0.0.1:${callbackPort}/webhooks/sms/twilio/status`)
  return () => {
    const number = sent++
    const to = `%2B1650${5_550_000 + number % 10_000}`
    const text = `Your+order+number+${number}+is+on+its+way%2C+and+here+before+noon.`
    const body = `To=${to}&From=${encodeURIComponent(from)}&Body=${text}&StatusCallback=${callback}`
    return `${head}${body.length}\r\n\r\n${body}`
  }
}

/** Calls back with the length of each message that a connection brings, from its first byte to its last. */
const messages = (socket: Socket, onMessage: (status: string) => void): void => {
  let received = ""
  socket.setEncoding("latin1").on("data", (text: string) => {
    received = received === "" ? text : received + text
    for (;;) {
      const end = received.indexOf("\r\n\r\n")
      if (end === -1) return
      const head = received.slice(0, end)
      const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0)
      if (received.length < end + 4 + length) return
      received = received.slice(end + 4 + length)
      onMessage(head.slice(0, head.indexOf("\r\n")))
    }
  })
}

const callbacks = createServer({ noDelay: true }, (socket) => {
  socket.on("error", () => undefined)
  messages(socket, () => {
    socket.write("HTTP/1.1 204 No Content\r\n\r\n")
    called++
    finished?.()
  })
})

const run = (task: Task): Promise<Done> =>
  new Promise((resolve, reject) => {
    const next = nextOf(task, portOf(callbacks.address()))
    const start = performance.now()
    const expected = called + task.sends * callbacksOfSend
    let waiting = task.sends
    const sockets: Array<Socket> = []
    finished = () => {
      if (called !== expected) return
      finished = undefined
      for (const socket of sockets) socket.destroy()
      resolve({ sends: task.sends / (performance.now() - start) * 1000 })
    }
    for (let i = 0; i < task.connections; i++) {
      const socket = connect({ port: task.port, host: "127.0.0.1", noDelay: true })
      const send = () => {
        if (waiting === 0) return
        waiting--
        socket.write(next())
      }
      messages(socket, (status) => {
        if (status.startsWith("HTTP/1.1 201")) send()
        else reject(new Error(`The emulator refused a message: ${status}`))
      })
      socket.on("connect", send).on("error", reject)
      sockets.push(socket)
    }
  })

callbacks.listen(0, "127.0.0.1", () => {
  process.send?.(portOf(callbacks.address()))
})
process.on("message", (task: Task) => {
  void (async () => process.send?.(await run(task)))()
})
process.on("disconnect", () => process.exit())
