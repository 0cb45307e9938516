/**
 * HTTP/1.1 as bytes, for loads that must not take the processor from what is loaded: a client and a server that read
 * the first line of each message and its length, and nothing else.
 */
import { connect, createServer, type Server, type Socket } from "node:net"

/** Calls back with the first line of each message that a connection brings, once all of it has arrived. */
const read = (socket: Socket, onMessage: (line: string) => void): void => {
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

/** A server that takes every request, and calls back with its first line. */
export const taker = (onRequest: (line: string) => void): Server =>
  createServer({ noDelay: true }, (socket) => {
    socket.on("error", () => undefined)
    read(socket, (line) => {
      socket.write("HTTP/1.1 204 No Content\r\n\r\n")
      onRequest(line)
    })
  })

/**
 * Sends requests over so many connections, each once the one before on its connection was answered, until `next` has
 * none. Calls back with the first line of each response.
 */
export const sendAll = async (
  port: number,
  connections: number,
  next: () => string | undefined,
  onResponse: (line: string) => void
): Promise<void> => {
  await Promise.all(Array.from({ length: connections }, () =>
    new Promise<void>((resolve, reject) => {
      const socket = connect({ port, host: "127.0.0.1", noDelay: true })
      const send = () => {
        const request = next()
        if (request !== undefined) return void socket.write(request)
        socket.destroy()
        resolve()
      }
      read(socket, (line) => {
        try {
          onResponse(line)
          send()
        } catch (error) {
          reject(error)
        }
      })
      socket.on("connect", send).on("error", reject)
    })))
}

/** A request with a body, of characters that take one byte each. */
export const request = (path: string, port: number, headers: Readonly<Record<string, string>>, body: string): string =>
  [
    `POST ${path} HTTP/1.1`,
    `host: 127.0.0.1:${port}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${body.length}`,
    "",
    body
  ].join("\r\n")
