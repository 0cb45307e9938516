/**
 * The command `effect-sms init`: writes a small project that receives and
 * answers messages.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

// Loaded on demand: the other commands need none of it.
const load = Effect.promise(() => import("./createProject.ts"))

export const command = Command.make(
  "init",
  {
    directory: Argument.String("dir").pipe(
      Argument.withDescription("The folder of the project, which is empty or does not exist. This one by default"),
      Argument.withDefault(".")
    ),
    name: Flag.String("name").pipe(
      Flag.withDescription("The name in package.json. That of the folder by default"),
      Flag.optional
    )
  },
  ({ directory, name }) =>
    Effect.flatMap(load, ({ createProject }) => createProject(directory, Option.getOrUndefined(name)))
).pipe(
  Command.withDescription(
    `Writes a small project in TypeScript: a server that answers messages, with a hook, tests and a file of variables. It
runs with an emulator of the carriers until the variables of one are set.

Exit codes: 0, 1 when the folder is not empty or cannot be written, and 2 for an invalid command line.`
  ),
  Command.withShortDescription("Writes a project that receives and answers messages"),
  Command.withExamples([{ command: "effect-sms init my-app", description: "Write a project to a new folder" }])
)
