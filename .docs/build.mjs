/**
 * Builds the documentation site in `dist/docs`, or in the folder that is named: the pages of `docs` around the
 * reference of every public entry of the package, with search. Ends with code 1
 * if an export has no description, or a link leads nowhere.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { Application, Comment, ConsoleLogger, Converter, LogLevel, ReflectionKind } from "typedoc"

const root = resolve(import.meta.dirname, "..")
const out = resolve(root, process.argv[2] ?? "dist/docs")
const { exports, name, version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))

/** The source of every entry of the package, by the name that it is imported by. */
const entries = new Map(
  Object.entries(exports).flatMap(([subpath, target]) => {
    const source = target?.["effect-sms/source"]
    return source === undefined || subpath.includes("*")
      ? []
      : [[join(root, source), subpath === "." ? name : `${name}${subpath.slice(1)}`]]
  })
)

/** Entries whose modules the index has as namespaces: they would be in the reference twice. */
const isInIndex = (file) =>
  file !== join(root, "src/index.ts") && file.endsWith("/index.ts") && !/\/(cli|testing)\/index\.ts$/.test(file)

const pages = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".md") && file !== "README.md")
  .sort()
  .map((file) => join(root, "docs", file))

/** Interfaces that have options of two others have the comments of one of them. */
class Logger extends ConsoleLogger {
  log(message, level) {
    if (level === LogLevel.Info || message.includes("multiple declarations with a comment")) return
    super.log(message, level)
  }
}

rmSync(out, { recursive: true, force: true })

const app = await Application.bootstrap({
  entryPoints: [...entries.keys()].filter((file) => !isInIndex(file)),
  tsconfig: join(root, "src/tsconfig.json"),
  basePath: root,
  out,
  name: `${name} ${version}`,
  readme: join(root, "README.md"),
  projectDocuments: [join(root, "docs/README.md"), ...pages],
  // `tsc` checks the sources, with the TypeScript of the repository.
  skipErrorChecking: true,
  disableGit: true,
  sourceLinkTemplate: "https://github.com/effect-sms/effect-sms/blob/main/{path}#L{line}",
  // What classes inherit from Effect is in the documentation of Effect.
  excludeExternals: true,
  excludeInternal: true,
  excludePrivate: true,
  maxTypeConversionDepth: 4,
  blockTags: ["@category", "@since", "@title", "@module", "@param", "@returns", "@see", "@deprecated"],
  customCss: join(import.meta.dirname, "site.css"),
  highlightLanguages: ["typescript", "json", "sh", "python", "ini", "nginx", "yaml", "http", "text"],
  ignoredHighlightLanguages: ["caddy", "ts run"],
  validation: { notExported: false, invalidLink: true, invalidPath: true, rewrittenLink: true, notDocumented: false },
  navigation: { includeCategories: false, includeGroups: false, excludeReferences: true },
  sort: ["source-order"],
  headings: { readme: false, document: false },
  searchInComments: true,
  searchInDocuments: true,
  logLevel: "Warn"
})
app.logger = new Logger()

/** The comment that a file begins with. */
const headerOf = (file) => {
  const [, header] = /^(?:\/\/[^\n]*\n)*\/\*\*\n([^]*?)\n \*\//.exec(readFileSync(file, "utf8")) ?? []
  if (header === undefined) return undefined
  const lines = header.split("\n").map((line) => line.replace(/^ \* ?/, ""))
  const text = lines.filter((line) => !/^@(?:since|title)/.test(line)).join("\n")
  return text.replaceAll(/\{@link ([^}]+)\}/g, "`$1`").trim()
}

app.converter.on(Converter.EVENT_RESOLVE_BEGIN, (context) => {
  const { project } = context
  for (const module of project.getReflectionsByKind(ReflectionKind.Module | ReflectionKind.Namespace)) {
    const file = context.getSymbolFromReflection(module)?.declarations?.[0]?.getSourceFile().fileName
    if (file === undefined) continue
    if (module.kind === ReflectionKind.Module) module.name = entries.get(file) ?? module.name
    const header = headerOf(file)
    if (!module.comment && header !== undefined) module.comment = new Comment([{ kind: "text", text: header }])
  }
  // The layers and constructors of a carrier are members of one value, and documented there.
  const members = ["Any", "Carrier"].flatMap((name) =>
    project.getReflectionsByKind(ReflectionKind.Interface).find((found) =>
      found.name === name && found.parent?.name === "Carrier"
    )?.children ?? []
  )
  const commentOf = (reflection) => reflection.comment ?? reflection.type?.declaration?.signatures?.[0]?.comment
  for (const reflection of project.getReflectionsByKind(ReflectionKind.Variable | ReflectionKind.Function)) {
    const target = reflection.signatures?.[0] ?? reflection
    const member = members.find(({ name }) =>
      name === reflection.name.replace(/(?<=^extract).*(?=Meta$)/, "").replace(/(?<=^parse).*(?=Webhook$)/, "")
    )
    if (target.comment || member === undefined) continue
    const comment = commentOf(member)
    if (comment !== undefined) target.comment = comment.clone()
  }
})

const project = await app.convert()
if (project === undefined) process.exit(1)
app.validate(project)
await app.generateDocs(project, out)

/** Every public export, with the namespaces that it is in, that has no description. */
const undocumented = project.getReflectionsByKind(
  ReflectionKind.Variable | ReflectionKind.Function | ReflectionKind.Class | ReflectionKind.Interface |
    ReflectionKind.TypeAlias | ReflectionKind.Namespace | ReflectionKind.Module
).filter((reflection) => {
  const comments = [reflection.comment, ...(reflection.signatures ?? []).map(({ comment }) => comment)]
  return !comments.some((comment) => comment?.summary.some(({ text }) => text.trim() !== ""))
}).map((reflection) => reflection.getFullName())

/** The links of the pages that lead to no page, or to no heading of it. */
const broken = () => {
  const files = readdirSync(out, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".html"))
  const texts = new Map(files.map((file) => [join(out, file), readFileSync(join(out, file), "utf8")]))
  const ids = new Map()
  const idsOf = (file) => {
    if (!ids.has(file)) ids.set(file, new Set([...texts.get(file).matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id)))
    return ids.get(file)
  }
  return [...texts].flatMap(([file, text]) =>
    [...text.matchAll(/\s(?:href|src)="([^"]+)"/g)].flatMap(([, link]) => {
      const target = link.replaceAll("&amp;", "&")
      if (/^(?:[a-z]+:|\/\/)/.test(target)) return []
      const [path, anchor] = target.split("#")
      const to = path === "" ? file : join(dirname(file), decodeURIComponent(path.split("?")[0]))
      const isFound = existsSync(to) &&
        (!anchor || !texts.has(to) || idsOf(to).has(decodeURIComponent(anchor)) || idsOf(to).has(anchor))
      return isFound ? [] : [`${relative(out, file)}: ${target}`]
    })
  )
}

const faults = [
  ...undocumented.map((name) => `has no description: ${name}`),
  ...[...new Set(broken())].map((link) => `leads nowhere: ${link}`)
]
for (const fault of faults) console.error(fault)
const isSound = faults.length === 0 && !app.logger.hasErrors() && !app.logger.hasWarnings()
if (!isSound) process.exitCode = 1
else console.log(`Documentation of ${entries.size} entries in ${relative(root, out)}`)
