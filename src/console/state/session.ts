/**
 * Who uses the page, and whether the server is reached.
 */
import * as Effect from "effect/Effect"
import * as Atom from "effect/reactivity/Atom"
import type { SessionView } from "../../http/ConsoleApi.ts"
import { Api, run } from "./api.ts"
import { messageOf } from "./problem.ts"
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

/** Asks the server whether the browser has a session. */
export const resume = (): void => {
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
          reason: error._tag === "Unauthorized" ? "The server does not know this token." : messageOf(error)
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
