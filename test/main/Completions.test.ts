/** The script with which a shell completes the command line. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import { limit, run } from "./process.ts"

describe("effect-sms --completions bash", () => {
  it.live("prints a script that bash reads, and that knows commands, flags and choices", () =>
    Effect.gen(function*() {
      const child = yield* run(["--completions", "bash"], {})
      assert.deepStrictEqual([yield* child.ended, child.errors()], [0, ""])
      const script = child.output()
      const bash = (input: string) => execFileSync("bash", ["--norc", "-euo", "pipefail"], { input, encoding: "utf8" })
      /** What the shell offers for the last of these words. */
      const offered = (...words: ReadonlyArray<string>) =>
        bash(`set +eu
          ${script}
          COMP_WORDS=(effect-sms ${words.map((word) => `'${word}'`).join(" ")})
          COMP_CWORD=${words.length}
          COMP_LINE='effect-sms ${words.join(" ")}'
          COMP_POINT=\${#COMP_LINE}
          read -ra registered < <(complete -p effect-sms)
          for ((i = 0; i < \${#registered[@]}; i++)); do
            [ "\${registered[i]}" = -F ] && "\${registered[i + 1]}" effect-sms '${words.at(-1)}' '${words.at(-2) ?? ""}'
          done
          printf '%s\\n' "\${COMPREPLY[@]}"`).trim().split(/\s+/)
      assert.includeMembers(offered(""), ["send", "serve", "messages", "dead-letters", "replay", "doctor"])
      assert.deepStrictEqual(offered("dead"), ["dead-letters"])
      assert.includeMembers(offered("messages", "--"), ["--number", "--room", "--state", "--cursor", "--json"])
      assert.deepStrictEqual(offered("send", "--provider", "t"), ["twilio", "telnyx"])
      assert.deepStrictEqual(offered("messages", "--direction", "in"), ["inbound"])
    }), limit)
})
