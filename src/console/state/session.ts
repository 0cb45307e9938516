/**
 * Who uses the page, and whether the server is reached.
 */
import * as Effect from "effect/Effect"
import * as Atom from "effect/reactivity/Atom"
import type { SessionView } from "../../http/ConsoleApi.ts"
import { Api, run } from "./api.ts"
import { messageOf } from "./problem.ts"
import { go, hrefOf, route } from "./route.ts"
import { get, set } from "./store.ts"

export type SessionState =
  | { readonly _tag: "Unknown" }
  | { readonly _tag: "LoggedOut"; readonly reason?: string | undefined }
  | { readonly _tag: "LoggedIn"; readonly session: SessionView }

export const session = Atom.keepAlive(Atom.make<SessionState>({ _tag: "Unknown" }))

/** Ends the session of the page when the server no longer takes it. */
export const expired = Effect.sync(() => {
  if (get(session)._tag === "LoggedIn") {
    set(session, { _tag: "LoggedOut", reason: "Your session has ended. Log in again." })
  }
})

/** Whether the token of the session has a scope. */
export const can = (scope: "read" | "send" | "operate"): boolean => {
  const state = get(session)
  return state._tag === "LoggedIn" && state.session.scopes.includes(scope)
}

/** Whether files can be sent. */
export const hasMedia = (): boolean => {
  const state = get(session)
  return state._tag === "LoggedIn" && state.session.media
}

/** Whether the page has the phone of an emulator. */
export const hasPhone = (): boolean => {
  const state = get(session)
  return state._tag === "LoggedIn" && state.session.phone && can("send")
}

/** The addresses below which the server's files are, where they are not at the server itself. */
export const mediaUrls = (): ReadonlyArray<string> => {
  const state = get(session)
  return state._tag === "LoggedIn" ? state.session.mediaUrls : []
}

/** The names of carriers as people write them, by the names of their providers. */
export const titles = (): Readonly<Record<string, string>> => {
  const state = get(session)
  return state._tag === "LoggedIn" ? state.session.titles : {}
}

/** The name of a provider as people write it. */
export const titleOfProvider = (name: string): string => Object.hasOwn(titles(), name) ? titles()[name]! : name

/** What the server refuses for a wrong token, or for a key that was used. */
const refusalOf = (error: Parameters<typeof messageOf>[0], unknown: string): string =>
  error._tag === "Unauthorized" ? unknown : messageOf(error)

/** Opens a session with the key of a link, or goes on with the one that the browser has. */
const accept = (key: string): void => {
  run(
    Effect.flatMap(Api, (api) => api.session.login({ payload: { token: key } })).pipe(
      Effect.catch((error) =>
        Effect.flatMap(Api, (api) => api.session.get()).pipe(
          Effect.filterOrFail((view) => view !== null, () => error),
          Effect.mapError(() => error)
        )
      ),
      Effect.match({
        onSuccess: (view) => set(session, { _tag: "LoggedIn", session: view }),
        onFailure: (error) =>
          set(session, {
            _tag: "LoggedOut",
            reason: refusalOf(
              error,
              "This link opens the console once. Log in with the token that was printed below it."
            )
          })
      })
    )
  )
}

/** Asks the server whether the browser has a session. A link may bring a key that opens one. */
export const resume = (): void => {
  const { page, path, query } = get(route)
  const key = query.get("key")
  if (key !== null && key !== "") {
    // The key is good once: neither the address nor the history of the tab keeps it.
    go(hrefOf([page, ...path]), { replace: true })
    return accept(key)
  }
  run(
    Effect.flatMap(Api, (api) => api.session.get()).pipe(
      Effect.match({
        onSuccess: (view) => set(session, view === null ? { _tag: "LoggedOut" } : { _tag: "LoggedIn", session: view }),
        onFailure: (error) => set(session, { _tag: "LoggedOut", reason: messageOf(error) })
      })
    )
  )
}

export const login = (token: string): void => {
  run(
    Effect.flatMap(Api, (api) => api.session.login({ payload: { token } })).pipe(Effect.match({
      onSuccess: (view) => set(session, { _tag: "LoggedIn", session: view }),
      onFailure: (error) =>
        set(session, {
          _tag: "LoggedOut",
          reason: refusalOf(error, "The server does not know this token.")
        })
    }))
  )
}

export const logout = (): void => {
  run(
    Effect.flatMap(Api, (api) => api.session.logout()).pipe(
      Effect.ignore,
      // Leaves nothing of the session in the memory of the page.
      Effect.andThen(Effect.sync(() => location.replace(`${location.pathname}#/`))),
      Effect.andThen(Effect.sync(() => location.reload()))
    )
  )
}
