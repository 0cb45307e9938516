/**
 * What one writes without a library: `fetch`, piped to a file. Nothing is
 * checked, limited or named by its content.
 */
import { createWriteStream } from "node:fs"
import { pipeline } from "node:stream/promises"
import { measure } from "./measure.ts"

await measure((_origin, urlOf) => async (numbers, directory) => {
  await Promise.all(numbers.map(async (number) => {
    const response = await fetch(urlOf(number))
    if (!response.ok || response.body === null) throw new Error(`The host answered ${response.status}`)
    await pipeline(response.body, createWriteStream(`${directory}/${number}.jpg`))
  }))
})
