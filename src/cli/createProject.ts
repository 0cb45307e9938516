/**
 * Writes the starter, which is `examples/starter` of this package, to a folder.
 */
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { basename, dirname, join, relative, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { isOlder, needed } from "../internal/nodeVersion.ts"
import { exitCodes, fail } from "./Failed.ts"

/** The folder of this package: an installed one, or a clone of the repository. */
const home = resolve(fileURLToPath(new URL("../../", import.meta.url)))

const template = join(home, "examples/starter")

/** npm leaves out `.gitignore`, and a clone should have no `.env`, so those have other names in the package. */
const renamed: Readonly<Record<string, ReadonlyArray<string>>> = {
  env: [".env", ".env.example"],
  gitignore: [".gitignore"]
}

const Versions = Schema.Record(Schema.String, Schema.String)

const Manifest = Schema.fromJsonString(Schema.Struct({
  name: Schema.String,
  version: Schema.String,
  engines: Schema.Struct({ node: Schema.String }),
  peerDependencies: Versions,
  devDependencies: Versions
}))

type Manifest = typeof Manifest.Type

const readManifest = Effect.map(
  Effect.sync(() => readFileSync(join(home, "package.json"), "utf8")),
  Schema.decodeSync(Manifest)
)

const pick = (versions: typeof Versions.Type, ...names: ReadonlyArray<string>): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, versions[name]!]))

/** The Node that runs npm, which may be another than the one that runs this. */
const nodeOfNpm = Effect.map(
  Effect.option(Config.String("npm_config_user_agent")),
  (agent) => / node\/v(\S+)/.exec(Option.getOrElse(agent, () => ""))?.[1] ?? process.versions.node
)

const scripts = {
  // In the place of the shell, which would not pass on the signal that ends it. Windows has neither.
  start: `${process.platform === "win32" ? "" : "exec "}node --env-file-if-exists=.env src/main.ts`,
  test: "vitest run",
  check: "tsc"
}

const packageJson = (name: string, manifest: Manifest, source: string, needsNode: boolean): string =>
  `${
    JSON.stringify(
      {
        name,
        version: "0.0.0",
        private: true,
        type: "module",
        scripts,
        dependencies: {
          ...pick(manifest.peerDependencies, "@effect/platform-node", "effect"),
          [manifest.name]: source
        },
        devDependencies: {
          ...pick(manifest.peerDependencies, "@effect/vitest"),
          ...pick(manifest.devDependencies, "@types/node", ...(needsNode ? ["node"] : []), "typescript"),
          ...pick(manifest.peerDependencies, "vitest")
        },
        engines: manifest.engines,
        // npm asks before it runs the scripts of a package. This one downloads Node.
        ...(needsNode && { allowScripts: { node: true } })
      },
      undefined,
      2
    )
  }\n`

/** Returns the files of the project by their paths. */
const filesOf = (name: string, manifest: Manifest, needsNode: boolean): ReadonlyMap<string, string> => {
  // A clone is packed when it is installed, so that it uses the `effect` of the project.
  const isClone = !home.split(/[\\/]/).includes("node_modules")
  const settings = [
    ...(isClone ? ["install-links=true"] : []),
    // npm would warn once for each package that does not support the Node that npm itself runs on.
    ...(needsNode ? ["loglevel=error"] : [])
  ]
  const files = new Map([
    ["package.json", packageJson(name, manifest, isClone ? `file:${home}` : `^${manifest.version}`, needsNode)],
    ...(settings.length > 0 ? [[".npmrc", `${settings.join("\n")}\n`] as const] : [])
  ])
  for (const entry of readdirSync(template, { recursive: true, withFileTypes: true })) {
    const path = relative(template, join(entry.parentPath, entry.name))
    if (!entry.isFile() || path.startsWith("node_modules")) continue
    const text = readFileSync(join(template, path), "utf8").replaceAll("{{name}}", name)
    for (const target of renamed[path] ?? [path]) files.set(target, text)
  }
  return files
}

/** Whether a folder has anything but the beginnings of a repository. */
const isTaken = (directory: string): boolean => {
  try {
    return readdirSync(directory).some((entry) => entry !== ".git")
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false
    throw error
  }
}

const write = (directory: string, files: ReadonlyMap<string, string>): void => {
  for (const [path, text] of files) {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), text)
  }
}

/** Runs a call to the file system. Its error says what the system said. */
const attempt = <A>(directory: string, call: () => A) =>
  Effect.catch(
    Effect.try({ try: call, catch: (error) => error instanceof Error ? error.message : String(error) }),
    (message) => fail(`The project cannot be written to ${directory}: ${message}`)
  )

const isName = (name: string): boolean =>
  name.length <= 214 && /^(?:@[a-z\d~-][a-z\d._~-]*\/)?[a-z\d~-][a-z\d._~-]*$/.test(name)

/** A name that npm accepts, from that of a folder. */
const nameOf = (directory: string): string => {
  const name = basename(directory).toLowerCase().replaceAll(/[^a-z\d._~-]+/g, "-").replaceAll(/^[._-]+|-+$/g, "")
  return isName(name) ? name : "sms-application"
}

/** A path as an argument of the shell, which replaces `$` and others between double quotes. */
const quoted = (path: string): string =>
  process.platform !== "win32" && /["$`\\!]/.test(path) ? `'${path.replaceAll("'", "'\\''")}'` : `"${path}"`

/** Writes the project, and prints what to do with it. */
export const createProject = Effect.fnUntraced(function*(given: string, givenName: string | undefined) {
  const directory = resolve(given)
  const manifest = yield* readManifest
  const name = givenName ?? nameOf(directory)
  if (!isName(name)) {
    return yield* fail("--name must be a name of an npm package, as in sms-application", exitCodes.usage)
  }
  // npm refuses a project with the name of one of its dependencies.
  if ([manifest.name, ...Object.keys(manifest.peerDependencies)].includes(name)) {
    return yield* fail(
      `The project cannot have the name of a package that it uses: ${name}. Set --name`,
      exitCodes.usage
    )
  }
  if (yield* attempt(directory, () => isTaken(directory))) {
    return yield* fail(`${directory} is not empty. Name a folder that is empty or does not exist`)
  }
  const node = yield* nodeOfNpm
  const needsNode = isOlder(node, needed)
  const files = yield* Effect.sync(() => filesOf(name, manifest, needsNode))
  yield* attempt(directory, () => write(directory, files))
  const folder = /[^\w./-]/.test(given) ? quoted(given) : given
  const lines = [...(directory === resolve() ? [] : [`cd ${folder}`]), "npm install", "npm start"]
  const note = needsNode
    ? `\nnpm runs on Node ${node} here, so the project installs a newer Node for its scripts.\n`
    : ""
  yield* Console.log(`Wrote ${name}, ${files.size} files. Next:

${lines.map((line) => `  ${line}`).join("\n")}

npm start runs the server with an emulator of the carriers, and npm test runs the tests.${note}`)
})
