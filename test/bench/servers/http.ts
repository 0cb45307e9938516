/** What one writes without a library: `node:http`, and the same crypto. */
import { createServer } from "node:http"
import { answer, contentType, listening, path, portOf } from "./listening.ts"
import { isSigned } from "./signed.ts"

const server = createServer((request, response) => {
  if (request.method !== "POST" || request.url !== path) {
    response.writeHead(404).end()
    return
  }
  const pieces: Array<Buffer> = []
  request.on("data", (piece: Buffer) => pieces.push(piece))
  request.on("end", () => {
    const signed = isSigned(String(request.headers["x-twilio-signature"]), Buffer.concat(pieces).toString())
    if (signed) response.writeHead(200, { "content-type": contentType, "content-length": answer.length }).end(answer)
    else response.writeHead(403).end()
  })
})

server.listen(0, "127.0.0.1", () => listening(portOf(server.address())))
