/**
 * The plain `fetch`, and the least that a store does beside: it hashes what
 * passes, and gives the file its name when all of it is on the disk. Shows how
 * much of the difference is what was asked for, and how much is how it is done.
 */
import { createHash } from "node:crypto"
import { createWriteStream } from "node:fs"
import { rename } from "node:fs/promises"
import { pipeline } from "node:stream/promises"
import { measure } from "./measure.ts"

await measure((_origin, urlOf) => async (numbers, directory) => {
  await Promise.all(numbers.map(async (number) => {
    const response = await fetch(urlOf(number))
    if (!response.ok || response.body === null) throw new Error(`The host answered ${response.status}`)
    const hash = createHash("sha256")
    const spool = `${directory}/${number}.part`
    await pipeline(
      response.body,
      async function*(pieces: AsyncIterable<Uint8Array>) {
        for await (const piece of pieces) {
          hash.update(piece)
          yield piece
        }
      },
      createWriteStream(spool, { flush: true })
    )
    await rename(spool, `${directory}/${hash.digest("hex")}.jpg`)
  }))
})
