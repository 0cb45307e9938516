/** Commands of `curl`, where it may not be installed. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"

/** Does what `curl` does with these arguments, which are headers, a body and the URL. */
export const curl = (command: string, expected = 200) =>
  Effect.promise(async () => {
    const [, ...words] = command.trim().replaceAll("\\\n", " ").match(/'[^']*'|\S+/g)!
    const headers = new Headers()
    let body: string | undefined
    let url = ""
    for (let index = 0; index < words.length; index++) {
      const word = (at: number) => words[at]!.replace(/^'(.*)'$/, "$1")
      if (words[index] === "-H") {
        const [name = "", value = ""] = word(++index).split(": ")
        headers.set(name, value)
      } else if (words[index] === "-d") body = word(++index)
      else url = word(index)
    }
    const response = await fetch(url, { headers, ...(body !== undefined && { method: "POST", body }) })
    assert.strictEqual(response.status, expected, command)
    return await response.text()
  })
