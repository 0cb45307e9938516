/**
 * A carrier that accepts every message, as `node:http` answers it: as fast as can be. The emulator, which keeps and
 * reports messages, would be slower than the clients that are measured.
 */
import { createServer } from "node:http"
import { listening, portOf } from "./listening.ts"

const answer = JSON.stringify({
  sid: "SM0123456789abcdef0123456789abcdef",
  status: "queued",
  num_segments: "1",
  from: "+15145550100",
  data: {
    id: "40385f64-5717-4562-b3fc-2c963f66afa6",
    to: [{ phone_number: "+15145550142", status: "queued" }],
    parts: 1
  }
})

const server = createServer((request, response) => {
  request.resume()
  request.on("end", () => {
    response.writeHead(201, { "content-type": "application/json", "content-length": answer.length }).end(answer)
  })
})

server.listen(0, "127.0.0.1", () => listening(portOf(server.address())))
