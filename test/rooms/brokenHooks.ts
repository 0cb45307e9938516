/** What is wrong with a hook, for every trigger: the rules are the same for all of them. */
import { Effect } from "effect"
import type { HookResult } from "../../src/rooms/Hook.ts"

/** The ways to fail of a hook that answers nothing. They need a kit with a `shutdownTimeout` of 0. */
export const failingHooks: Readonly<Record<string, () => Effect.Effect<never, string>>> = {
  "fails": () => Effect.fail("consent service is down"),
  "dies": () => Effect.die(new Error("bug")),
  "throws": () => {
    throw new Error("bug")
  },
  "interrupts itself": () => Effect.interrupt,
  "runs out of time": () => Effect.never,
  "cannot be interrupted when it runs out of time": () => Effect.uninterruptible(Effect.never),
  "is no Effect": () => "allow" as never
}

type Run = <A extends object>(subject: A) => Effect.Effect<HookResult<A>, string>

/** What a hook in JavaScript can answer, which the compiler would not let pass. */
const untyped = (result: (subject: object) => unknown): Run => (subject) => Effect.succeed(result(subject) as never)

/** The ways to fail of a hook that answers. */
export const brokenHooks: Readonly<Record<string, Run>> = {
  ...failingHooks,
  "answers nothing": untyped(() => undefined),
  "answers null": untyped(() => null),
  "answers a word": untyped(() => "allow"),
  "answers with another tag": untyped(() => ({ _tag: "Allowed" })),
  "modifies into nothing": untyped(() => ({ _tag: "Modify", value: undefined })),
  "modifies into something else": untyped(() => ({ _tag: "Modify", value: { content: "swordfish" } })),
  "modifies the content into something that is none": untyped((subject) => ({
    _tag: "Modify",
    value: { ...subject, content: { _tag: "TextContent", body: "swordfish" } }
  }))
}
