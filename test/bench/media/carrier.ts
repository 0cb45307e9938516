/**
 * The carrier's media host: serves `/<number>.jpg`, prints its port, and ends
 * with its standard input.
 *
 * Started as `node carrier.ts <bytes of a file>`.
 */
import { createServer } from "node:http"
import { headOf, tailOf } from "./files.ts"

const size = Number(process.argv[2])
const tail = tailOf(size)

const server = createServer((request, response) => {
  const index = /^\/(\d+)\.jpg$/.exec(request.url ?? "")?.[1]
  if (index === undefined) {
    response.writeHead(404).end()
    return
  }
  response.writeHead(200, { "content-type": "image/jpeg", "content-length": size })
  // All files share the larger part, so that the host costs little beside what is measured.
  response.write(headOf(Number(index)))
  response.end(tail)
})

server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  if (typeof address === "object" && address !== null) console.log(address.port)
})

process.stdin.resume().on("end", () => {
  server.close()
  server.closeAllConnections()
})
