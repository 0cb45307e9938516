/**
 * The processes of a measure: servers and what loads them.
 */
import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"

/** Starts a program of `servers`. */
export const startServer = (
  file: string,
  args: ReadonlyArray<string> = [],
  execArgv: ReadonlyArray<string> = []
): ChildProcess =>
  fork(join(import.meta.dirname, "../servers", file), args, {
    execArgv: [...execArgv],
    // What a server logs is not read.
    stdio: ["ignore", "ignore", "inherit", "ipc"]
  })

/** The next message of the process. */
export const messageOf = async <A>(child: ChildProcess): Promise<A> => {
  const ended = new AbortController()
  const exit = once(child, "exit", { signal: ended.signal }).then(() => {
    throw new Error("A server or its load ended early")
  })
  try {
    const [answer] = await Promise.race([once(child, "message"), exit])
    return answer
  } finally {
    exit.catch(() => undefined)
    ended.abort()
  }
}

/** Asks a server, and gives its answer. */
export const ask = <A>(child: ChildProcess, question: string): Promise<A> => {
  child.send(question)
  return messageOf<A>(child)
}

/** The processor time of a server, in microseconds. Unlike the time, it does not depend on what else the cores do. */
export const usageOf = async (child: ChildProcess): Promise<number> => {
  const { system, user } = await ask<NodeJS.CpuUsage>(child, "How much?")
  return user + system
}

/** Ends the processes. */
export const stop = async (children: ReadonlyArray<ChildProcess>): Promise<void> => {
  for (const child of children) {
    const exit = once(child, "exit")
    child.disconnect()
    await exit
  }
}
