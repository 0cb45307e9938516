/**
 * Reads which module imports which, and says what must not.
 */

/** Paths below `src` and the text of each file. */
export type Sources = Readonly<Record<string, string>>

export interface Import {
  /** A path below `src`, or the name that a package is imported by. */
  readonly target: string
  readonly line: number
  /** `type`: gone at run time. `later`: loaded when it is needed, and not with the file. */
  readonly kind: "now" | "later" | "type"
}

export type Graph = ReadonlyMap<string, ReadonlyArray<Import>>

// Examples in doc comments import too. Only comments that begin a line are
// taken away, so that a string such as "*/*" does not count as one.
const comments = /^[ \t]*(\/\*[^]*?\*\/|\/\/.*)/gm
const statements = /^(?:import|export)\s+(type\s)?(?:[\w*{][\w\s*{},$]*\sfrom\s*)?"([^"]+)"/gm
const calls = /\bimport\("([^"]+)"\)/g

const resolve = (from: string, specifier: string): string =>
  specifier.startsWith(".") ? new URL(specifier, `file:///${from}`).pathname.slice(1) : specifier

export const importsOf = (file: string, source: string): ReadonlyArray<Import> => {
  const code = source.replaceAll(comments, (comment) => comment.replaceAll(/[^\n]/g, " "))
  const lineOf = (index: number) => code.slice(0, index).split("\n").length
  return [
    ...[...code.matchAll(statements)].map(({ 1: type, 2: specifier, index }) => ({
      target: resolve(file, specifier!),
      line: lineOf(index),
      kind: type === undefined ? "now" as const : "type" as const
    })),
    ...[...code.matchAll(calls)].map(({ 1: specifier, index }) => ({
      target: resolve(file, specifier!),
      line: lineOf(index),
      kind: "later" as const
    }))
  ]
}

export const graphOf = (sources: Sources): Graph =>
  new Map(Object.entries(sources).map(([file, source]) => [file, importsOf(file, source)]))

const carriers = ["twilio", "sinch", "telnyx", "voicemeup"]

const library = [
  "vocabulary",
  "events",
  "segments",
  "provider",
  ...carriers,
  "carriers",
  "sending",
  "consent",
  "delivery",
  "mms",
  "queue",
  "inbox",
  "rooms",
  "guards",
  "media",
  "forward",
  "sql",
  "http"
]

/** What each part of the library may import besides itself. */
const mayImport: Readonly<Record<string, ReadonlyArray<string>>> = {
  vocabulary: [],
  events: ["vocabulary"],
  segments: ["vocabulary"],
  provider: ["vocabulary", "segments"],
  ...Object.fromEntries(carriers.map((carrier) => [carrier, ["vocabulary", "segments", "provider", "mms"]])),
  carriers: ["vocabulary", "provider", ...carriers],
  sending: ["vocabulary", "events", "segments", "provider", "delivery"],
  consent: ["vocabulary", "events", "provider", "sending"],
  delivery: ["vocabulary", "events"],
  mms: ["vocabulary"],
  queue: ["vocabulary"],
  inbox: ["vocabulary", "queue"],
  rooms: ["vocabulary", "events", "provider", "sending", "consent", "delivery", "mms", "queue", "inbox"],
  guards: ["vocabulary", "events", "segments", "provider", "sending", "rooms"],
  media: ["vocabulary", "provider", "queue", "rooms"],
  forward: ["vocabulary", "events", "queue", "rooms", "media"],
  sql: [
    "vocabulary",
    "events",
    "forward",
    "sending",
    "consent",
    "delivery",
    "mms",
    "queue",
    "inbox",
    "rooms",
    "guards",
    "media"
  ],
  http: library,
  recording: library,
  testing: library,
  demo: [...library, "emulator"],
  emulator: library,
  index: library,
  console: [...library, "emulator"],
  cli: [...library, "recording", "demo", "emulator"],
  main: ["cli"]
}

const ofTopLevel: Readonly<Record<string, string>> = {
  "Carriers.ts": "carriers",
  "index.ts": "index",
  "main.ts": "main"
}

/** The part that a file belongs to. The files of `internal` belong to whoever imports them. */
export const partOf = (file: string): string => {
  const [first, ...rest] = file.split("/")
  return rest.length > 0 ? first! : ofTopLevel[first!] ?? "vocabulary"
}

/** The shortest chain of imports from a file to a target that `isEnd` accepts. */
const chain = (
  graph: Graph,
  start: string,
  options: {
    readonly isEnd: (target: string) => boolean
    readonly goesOn: (target: string) => boolean
    readonly follows: (edge: Import) => boolean
  }
): ReadonlyArray<string> | undefined => {
  const cameFrom = new Map<string, string | undefined>([[start, undefined]])
  for (const file of cameFrom.keys()) {
    for (const edge of graph.get(file) ?? []) {
      if (cameFrom.has(edge.target) || !options.follows(edge)) continue
      cameFrom.set(edge.target, file)
      if (options.isEnd(edge.target)) {
        const path = [`${edge.target} (${file}:${edge.line})`]
        for (let at: string | undefined = file; at !== undefined; at = cameFrom.get(at)) path.unshift(at)
        return path
      }
      if (!options.goesOn(edge.target)) cameFrom.delete(edge.target)
    }
  }
  return undefined
}

/** Imports, straight or through `internal`, that point the wrong way. */
export const wrongWay = (graph: Graph): ReadonlyArray<string> =>
  [...graph.keys()].flatMap((file) => {
    const part = partOf(file)
    if (part === "internal") return []
    const allowed = mayImport[part]
    if (allowed === undefined) return [`${file}: ${part} has no place among the parts of the library`]
    const path = chain(graph, file, {
      isEnd: (target) => graph.has(target) && ![part, "internal", ...allowed].includes(partOf(target)),
      goesOn: (target) => partOf(target) === "internal",
      follows: () => true
    })
    return path === undefined ? [] : [path.join(" -> ")]
  })

const packageOf = (specifier: string): string =>
  specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/")

/**
 * Names of carriers in code, comments aside, outside their folders, the list of
 * carriers and the index: whoever adds a carrier would have to find them.
 */
export const namesOfCarriers = (sources: Sources): ReadonlyArray<string> =>
  Object.entries(sources).flatMap(([file, source]) => {
    if (carriers.includes(partOf(file)) || ["Carriers.ts", "index.ts"].includes(file)) return []
    return source.replaceAll(comments, (comment) => comment.replaceAll(/[^\n]/g, " ")).split("\n").flatMap((
      line,
      index
    ) => new RegExp(carriers.join("|"), "i").test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])
  })

/** Imports that lead back to the file that they begin in, types included, each once. */
export const circles = (graph: Graph): ReadonlyArray<string> => {
  const found = new Map<string, string>()
  for (const file of graph.keys()) {
    const path = chain(graph, file, {
      isEnd: (target) => (graph.get(target) ?? []).some((edge) => edge.target === file),
      goesOn: () => true,
      follows: (edge) => graph.has(edge.target)
    })
    if (path === undefined) continue
    const members = path.map((step) => step.split(" ")[0]!)
    found.set(members.toSorted().join(), [...members, file].join(" -> "))
  }
  return [...found.values()]
}

/** Imports of a file that does not exist, or of a package that users do not have. */
export const unavailable = (graph: Graph, packages: ReadonlyArray<string>): ReadonlyArray<string> =>
  [...graph].flatMap(([file, imports]) =>
    imports.flatMap(({ line, target }) =>
      graph.has(target) || packages.includes(packageOf(target)) ? [] : [`${target} (${file}:${line})`]
    )
  )

/** How importing a file comes to load something at once. */
export const loads = (
  graph: Graph,
  file: string,
  isEnd: (target: string) => boolean
): string | undefined =>
  chain(graph, file, { isEnd, goesOn: () => true, follows: (edge) => edge.kind === "now" })?.join(" -> ")
