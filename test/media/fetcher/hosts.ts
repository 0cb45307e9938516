/** Real hosts on this machine, and fetchers that may go to them. */
import { Context, Effect, Layer, Stream } from "effect"
import { createServer, type IncomingHttpHeaders, type RequestListener } from "node:http"
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net"
import { type FetchedMedia, layer, MediaFetcher, type Options } from "../../../src/media/MediaFetcher.ts"
import * as NodeGuardedClient from "../../../src/media/NodeGuardedClient.ts"
import * as Telnyx from "../../../src/telnyx/index.ts"
import * as Twilio from "../../../src/twilio/index.ts"
import * as VoiceMeUp from "../../../src/voicemeup/index.ts"

/** Those whose media hosts are known. */
export const carriers = [Twilio.carrier, Telnyx.carrier, VoiceMeUp.carrier]

export interface Host {
  /** `host:port`. */
  readonly name: string
  readonly port: number
  readonly url: string
  readonly requests: Array<{ readonly path: string; readonly headers: IncomingHttpHeaders }>
  /** Connections that were opened. */
  readonly sockets: Array<Socket>
}

const listen = (make: (host: Pick<Host, "requests">) => Server) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly host: Host; readonly server: Server }>((resume) => {
      const requests: Host["requests"] = []
      const sockets: Host["sockets"] = []
      const server = make({ requests })
      server.on("connection", (socket) => {
        sockets.push(socket)
        socket.on("error", () => {})
      })
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo
        const name = `127.0.0.1:${port}`
        resume(Effect.succeed({ server, host: { name, port, url: `http://${name}`, requests, sockets } }))
      })
    }),
    ({ host, server }) =>
      Effect.callback<void>((resume) => {
        for (const socket of host.sockets) socket.destroy()
        server.close(() => resume(Effect.void))
      })
  ).pipe(Effect.map(({ host }) => host))

/** A host that speaks HTTP. */
export const serve = (listener: RequestListener) =>
  listen(({ requests }) =>
    createServer((request, response) => {
      requests.push({ path: request.url ?? "", headers: request.headers })
      response.on("error", () => {})
      listener(request, response)
    })
  )

/** A host that writes what it likes, once a request has come. */
export const serveRaw = (answer: (socket: Socket) => void) =>
  listen(() => createTcpServer((socket) => void socket.once("data", () => answer(socket))))

/** Waits until the other side has closed its connections. */
export const closed = (host: Host) =>
  Effect.forEach(host.sockets, (socket) =>
    socket.destroyed
      ? Effect.void
      : Effect.callback<void>((resume) => void socket.once("close", () => resume(Effect.void))))

export const fetcherOf = (
  hosts: ReadonlyArray<Host>,
  options: Options = {},
  resolve?: NodeGuardedClient.Options["resolve"]
) => {
  const testHosts = hosts.map(({ name }) => name)
  const client = NodeGuardedClient.layer({ testHosts, resolve })
  return Effect.map(
    Layer.build(layer({ testHosts, carriers, ...options }).pipe(Layer.provide(client))),
    Context.get(MediaFetcher)
  )
}

type Fetcher = MediaFetcher["Service"]

export const bytesOf = (media: FetchedMedia) => Effect.map(Stream.runCollect(media.stream), (all) => Buffer.concat(all))

/** Fetches the whole file. */
export const fetchAll = (fetcher: Fetcher, url: string, mimeType?: string) =>
  Effect.scoped(Effect.gen(function*() {
    const media = yield* fetcher.fetch(url, { mimeType })
    return { contentType: media.contentType, size: media.size, bytes: yield* bytesOf(media) }
  }))

/** Why the file cannot be fetched. */
export const reasonOf = (fetcher: Fetcher, url: string, mimeType?: string) =>
  Effect.map(Effect.flip(fetchAll(fetcher, url, mimeType)), ({ reason }) => reason)

export const tagOf = (fetcher: Fetcher, url: string, mimeType?: string) =>
  Effect.map(reasonOf(fetcher, url, mimeType), ({ _tag }) => _tag)

/** A file that begins as a JPEG does, of this length. */
export const jpeg = (length = 6000) => {
  const bytes = Buffer.alloc(length, 0x11)
  bytes.set([0xff, 0xd8, 0xff, 0xe0, 0x00, 0x10, 0x4a, 0x46, 0x49, 0x46, 0x00])
  return bytes
}
