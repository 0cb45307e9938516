/**
 * The load of the emulator, in a process of its own: it sends messages through the API of Twilio, and takes the
 * callbacks.
 *
 * Tells the port of the callbacks at first. Takes one `Task` after the other over IPC, and answers each with what it
 * measured.
 */
import { portOf } from "./listening.ts"
import { request, sendAll, taker } from "./wire.ts"

export interface Task {
  readonly port: number
  /** The variables of a server that uses the emulator. */
  readonly env: Readonly<Record<string, string>>
  readonly connections: number
  /** How many messages are sent. */
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
let onCallback = () => {}

const callbacks = taker(() => {
  called++
  onCallback()
})

/** The bytes of the next request. The recipient is one of ten thousand people. */
const nextOf = ({ env, port }: Task): () => string => {
  const { TWILIO_ACCOUNT_SID: sid = "", TWILIO_AUTH_TOKEN: token = "", TWILIO_FROM: from = "" } = env
  const path = `/twilio/2010-04-01/Accounts/${sid}/Messages.json`
  const headers = {
    authorization: `Basic ${btoa(`${sid}:${token}`)}`,
    "content-type": "application/x-www-form-urlencoded"
  }
  const callback = encodeURIComponent(`http://127.0.0.1:${portOf(callbacks.address())}/webhooks/sms/twilio/status`)
  return () => {
    const number = sent++
    const to = `%2B1650${5_550_000 + number % 10_000}`
    const text = `Your+order+number+${number}+is+on+its+way%2C+and+here+before+noon.`
    const body = `To=${to}&From=${encodeURIComponent(from)}&Body=${text}&StatusCallback=${callback}`
    return request(path, port, headers, body)
  }
}

const run = async (task: Task): Promise<Done> => {
  const next = nextOf(task)
  const expected = called + task.sends * callbacksOfSend
  const reported = new Promise<void>((resolve) => {
    onCallback = () => {
      if (called === expected) resolve()
    }
  })
  let left = task.sends
  const start = performance.now()
  await sendAll(task.port, task.connections, () => left-- > 0 ? next() : undefined, (line) => {
    if (!line.startsWith("HTTP/1.1 201")) throw new Error(`The emulator refused a message: ${line}`)
  })
  await reported
  return { sends: task.sends / (performance.now() - start) * 1000 }
}

callbacks.listen(0, "127.0.0.1", () => {
  process.send?.(portOf(callbacks.address()))
})
process.on("message", (task: Task) => {
  void (async () => process.send?.(await run(task)))()
})
process.on("disconnect", () => process.exit())
