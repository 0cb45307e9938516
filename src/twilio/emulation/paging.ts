/**
 * Pages of lists: that of the API of 2010 beside the items, and that of newer
 * APIs in `meta` (https://www.twilio.com/docs/usage/twilios-response).
 */
import { type ApiReply, json } from "../../provider/Emulation.ts"
import { problem } from "./problems.ts"

const [defaultSize, maxSize] = [50, 1000]

interface Paged<A> {
  readonly items: ReadonlyArray<A>
  readonly page: number
  readonly size: number
  /** Where the next page begins. */
  readonly next: string | undefined
}

const countOf = (text: string | null, otherwise: number): number =>
  text !== null && /^\d{1,9}$/.test(text) ? Number(text) : otherwise

/**
 * Takes a page. A token names the first item of the page, so that a page stays
 * the same while new items come, and while those of the pages before are deleted.
 */
const take = <A>(
  items: Iterable<A>,
  query: URLSearchParams,
  sidOf: (item: A) => string,
  prefix: string
): Paged<A> | undefined => {
  const size = Math.min(maxSize, Math.max(1, countOf(query.get("PageSize"), defaultSize)))
  const page = countOf(query.get("Page"), 0)
  const token = query.get("PageToken")
  if (token !== null && !token.startsWith(prefix)) return undefined
  const first = token?.slice(prefix.length)
  let skip = first === undefined ? page * size : 0
  let isReached = first === undefined
  const found: Array<A> = []
  for (const item of items) {
    isReached ||= sidOf(item) === first
    if (!isReached) continue
    if (skip > 0) skip--
    else if (found.length < size) found.push(item)
    else return { items: found, page, size, next: prefix + sidOf(item) }
  }
  return { items: found, page, size, next: undefined }
}

interface List<A> {
  /** The name of the items. */
  readonly key: string
  readonly items: Iterable<A>
  readonly query: URLSearchParams
  readonly sidOf: (item: A) => string
  readonly show: (item: A) => unknown
  /** The path of the list, or its whole URL. */
  readonly uri: string
}

const withQuery = (uri: string, query: URLSearchParams, more: Readonly<Record<string, string>>): string => {
  const all = new URLSearchParams(query)
  for (const [name, value] of Object.entries(more)) all.set(name, value)
  if (more["PageToken"] === undefined) all.delete("PageToken")
  return `${uri}?${all}`
}

/** Takes a page, and writes the URLs of others. */
const pageOf = <A>({ items, query, sidOf, uri }: List<A>, prefix: string) => {
  const found = take(items, query, sidOf, prefix)
  if (found === undefined) return undefined
  const { next, page, size } = found
  const at = (page: number, token?: string) =>
    withQuery(uri, query, {
      PageSize: String(size),
      Page: String(page),
      ...(token !== undefined && { PageToken: token })
    })
  return {
    ...found,
    first: at(0),
    following: next === undefined ? null : at(page + 1, next),
    previous: page === 0 ? null : at(page - 1),
    own: at(page)
  }
}

/** Builds a page of the API of 2010. */
export const listOf = <A>(list: List<A>): ApiReply => {
  const found = pageOf(list, "PA")
  if (found === undefined) return problem(20001, "PageToken")
  const { first, following, items, own, page, previous, size } = found
  return json(200, {
    [list.key]: items.map(list.show),
    end: page * size + Math.max(0, items.length - 1),
    first_page_uri: first,
    next_page_uri: following,
    page,
    page_size: size,
    previous_page_uri: previous,
    start: page * size,
    uri: own
  })
}

/** Builds a page of the newer APIs. */
export const metaListOf = <A>(list: List<A>): ApiReply => {
  const found = pageOf(list, "PT")
  if (found === undefined) return problem(20001, "PageToken")
  const { first, following, items, own, page, previous, size } = found
  return json(200, {
    [list.key]: items.map(list.show),
    meta: {
      first_page_url: first,
      key: list.key,
      next_page_url: following,
      page,
      page_size: size,
      previous_page_url: previous,
      url: own
    }
  })
}
