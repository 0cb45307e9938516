/**
 * Reads the links and the anchors of Markdown files, and finds links that lead
 * nowhere.
 */
import { posix } from "node:path"

export interface Link {
  readonly line: number
  readonly target: string
}

const fence = /^ *(```|~~~)/

/** Returns the lines with code blanked out, because brackets in code are not links. */
const proseOf = (markdown: string): ReadonlyArray<string> => {
  let isCode = false
  return markdown.split("\n").map((line) => {
    const isFence = fence.test(line)
    if (isFence) isCode = !isCode
    return isCode || isFence ? "" : line
  })
}

const withoutCode = (line: string): string => line.replaceAll(/(`+)[^`]*\1/g, "")

const inline = /\]\(\s*<?([^)\s>]*)>?(?:\s+"[^"]*")?\s*\)/g
const definition = /^ {0,3}\[[^\]]+\]:\s*(\S+)/g

/** Returns every link and image of a Markdown file. */
export const linksOf = (markdown: string): ReadonlyArray<Link> =>
  proseOf(markdown).flatMap((line, index) =>
    [...withoutCode(line).matchAll(inline), ...withoutCode(line).matchAll(definition)].map(([, target]) => ({
      line: index + 1,
      target: target!
    }))
  )

/** Returns the anchors that GitHub gives to the headings of a Markdown file. */
export const anchorsOf = (markdown: string): ReadonlySet<string> => {
  const anchors = new Set<string>()
  for (const line of proseOf(markdown)) {
    const heading = /^#{1,6} +(.*?)(?: +#+)? *$/.exec(line)?.[1]
    if (heading === undefined) continue
    const text = heading.replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    const slug = text.toLowerCase().replaceAll(/[^\p{L}\p{N}\p{M}\s_-]/gu, "").replaceAll(/\s/g, "-")
    let anchor = slug
    for (let count = 1; anchors.has(anchor); count++) anchor = `${slug}-${count}`
    anchors.add(anchor)
  }
  return anchors
}

const hosted = /^https:\/\/github\.com\/effect-sms\/effect-sms\/(?:blob|tree)\/main\//

/** Whether a link stays in the repository: it has no scheme and no host. */
export const isRelative = (target: string): boolean => !/^(?:[a-z][a-z\d+.-]*:|\/\/)/i.test(target)

/** Whether a link leads to a page of the repository on its host. */
export const isHosted = (target: string): boolean => hosted.test(target)

/** Returns the file that a relative or a hosted link leads to, as a path below the root. */
export const fileOf = (from: string, target: string): string => {
  const [path] = target.split("#", 1)
  if (isHosted(target)) return decodeURIComponent(path!.replace(hosted, "")).replace(/\/$/, "")
  return path === "" ? from : posix.normalize(posix.join(posix.dirname(from), decodeURIComponent(path!)))
}

/**
 * Returns the links of a file into the repository that lead to no file, or to no heading of
 * a Markdown file. `read` returns the text of a file, an empty text for a folder,
 * and `undefined` if there is neither.
 */
export const brokenLinks = (file: string, read: (file: string) => string | undefined): ReadonlyArray<string> =>
  linksOf(read(file) ?? "").filter(({ target }) => isRelative(target) || isHosted(target)).flatMap(
    ({ line, target }) => {
      const to = read(fileOf(file, target))
      const [, anchor] = target.split("#")
      const isFound = to !== undefined && (anchor === undefined || anchorsOf(to).has(anchor))
      return isFound ? [] : [`${file}:${line}: ${target}`]
    }
  )
