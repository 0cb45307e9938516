/**
 * Where the page is: the fragment of its address. A fragment is sent to no
 * server, so that a number or a text that was searched for is in no log.
 */
import * as Atom from "effect/reactivity/Atom"
import { set } from "./store.ts"

/** A place in the page, as in `#/messages/outbound/01M8…?state=failed`. */
export interface Route {
  /** The name of the page. */
  readonly page: string
  /** What follows it. */
  readonly path: ReadonlyArray<string>
  readonly query: URLSearchParams
}

const parse = (hash: string): Route => {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2)
  const [page = "", ...rest] = path.split("/").map((part) => {
    try {
      return decodeURIComponent(part)
    } catch {
      return part
    }
  })
  return {
    page: page === "" ? "conversations" : page,
    path: rest.filter((part) => part !== ""),
    query: new URLSearchParams(query)
  }
}

export const route = Atom.keepAlive(Atom.make(parse(location.hash)))

window.addEventListener("hashchange", () => set(route, parse(location.hash)))

/** Builds the address of a place. */
export const hrefOf = (path: ReadonlyArray<string>, query?: Readonly<Record<string, string | undefined>>): string => {
  const search = new URLSearchParams(
    Object.entries(query ?? {}).flatMap(([name, value]): Array<[string, string]> =>
      value === undefined || value === "" ? [] : [[name, value]]
    )
  ).toString()
  return `#/${path.map(encodeURIComponent).join("/")}${search === "" ? "" : `?${search}`}`
}

/** Goes to a place. `replace` leaves no step in the browser's history. */
export const go = (href: string, options?: { readonly replace?: boolean }): void => {
  if (options?.replace === true) {
    history.replaceState(null, "", href)
    set(route, parse(location.hash))
  } else location.hash = href.slice(1)
}
