/** The version of Node that the package needs, as in `engines` of package.json. */
export const needed = "22.19"

/** Whether a version of Node, as in `20.20.2`, is older than another, as in `22.19`. */
export const isOlder = (version: string, other: string): boolean => {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  const [otherMajor = 0, otherMinor = 0] = other.split(".").map(Number)
  return major < otherMajor || (major === otherMajor && minor < otherMinor)
}

/** Commands that an older Node can run: `init`, which brings a newer one, and what only prints. */
const runsAnywhere = ([command]: ReadonlyArray<string>): boolean =>
  command === undefined || command === "init" || command.startsWith("-")

/** What to tell who runs a command on a Node that is too old for it. */
export const refusal = (version: string, args: ReadonlyArray<string>): string | undefined =>
  isOlder(version, needed) && !runsAnywhere(args)
    ? `effect-sms needs Node ${needed} or newer, and this is ${version}`
    : undefined
