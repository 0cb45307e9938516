/**
 * The page: its navigation, and the place that is shown.
 */
import * as Effect from "effect/Effect"
import { useEffect } from "preact/hooks"
import { Conversations } from "./pages/Conversations.tsx"
import { DeadLetters } from "./pages/DeadLetters.tsx"
import { Deliveries } from "./pages/Deliveries.tsx"
import { Login } from "./pages/Login.tsx"
import { Messages } from "./pages/Messages.tsx"
import { Overview } from "./pages/Overview.tsx"
import { Requests } from "./pages/Requests.tsx"
import { findConversations } from "./state/conversations.ts"
import { connection, follow } from "./state/live.ts"
import { route } from "./state/route.ts"
import { hasPhone, logout, resume, session } from "./state/session.ts"
import { useAtom } from "./state/store.ts"
import { Icon, type IconName } from "./ui/icons.tsx"
import { Lazy } from "./ui/Lazy.tsx"
import { Logo } from "./ui/Logo.tsx"
import { Empty } from "./ui/parts.tsx"

interface Place {
  readonly page: string
  readonly name: string
  readonly icon: IconName
  /** The other pages that belong to it. */
  readonly pages?: ReadonlyArray<string>
  /** Whether this server has it. */
  readonly isThere?: () => boolean
}

const places: ReadonlyArray<Place> = [
  { page: "conversations", name: "Inbox", icon: "chat" },
  { page: "messages", name: "Messages", icon: "list", pages: ["deliveries", "dead-letters", "consent"] },
  { page: "requests", name: "Requests", icon: "wire" },
  { page: "overview", name: "Overview", icon: "chart" },
  { page: "phone", name: "Phone", icon: "phone", isThere: hasPhone }
]

const loadConsent = Effect.map(Effect.promise(() => import("./pages/Consent.tsx")), ({ Consent }) => Consent)

/** Loaded on demand: a server with carriers has no phone. */
const loadPhone = Effect.map(Effect.promise(() => import("./pages/Phone.tsx")), ({ Phone }) => Phone)

const Connection = () => {
  const state = useAtom(connection)
  const text = state === "live" ? "Live" : state === "connecting" ? "Connecting" : "Offline"
  return (
    <span class={`connection is-${state}`} role="status">
      <span class="dot" aria-hidden="true" />
      <span class="connection-text">{text}</span>
    </span>
  )
}

const Navigation = ({ name, page }: { readonly page: string; readonly name: string }) => (
  <nav class="nav" aria-label="Console">
    <a class="nav-brand" href="#/" aria-label="effect-sms console">
      <Logo />
      <span>effect-sms</span>
    </a>
    <ul>
      {places.filter(({ isThere }) =>
        isThere?.() ?? true
      ).map((place) => (
        <li key={place.page}>
          <a
            href={`#/${place.page}`}
            aria-current={place.page === page || place.pages?.includes(page) === true ? "page" : undefined}
          >
            <Icon name={place.icon} size={20} />
            <span>{place.name}</span>
          </a>
        </li>
      ))}
    </ul>
    <div class="nav-foot">
      <Connection />
      <button
        type="button"
        class="icon-button"
        onClick={logout}
        aria-label={`Log out ${name}`}
        title={`Log out ${name}`}
      >
        <Icon name="logout" />
      </button>
    </div>
  </nav>
)

const Page = ({ page }: { readonly page: string }) => {
  switch (page) {
    case "conversations":
      return <Conversations />
    case "messages":
      return <Messages />
    case "deliveries":
      return <Deliveries />
    case "dead-letters":
      return <DeadLetters />
    case "requests":
      return <Requests />
    case "overview":
      return <Overview />
    case "consent":
      return <Lazy load={loadConsent} />
    case "phone":
      return <Lazy load={loadPhone} />
    default:
      return (
        <Empty icon="question" title="There is nothing here">
          <a href="#/">Go to the conversations</a>
        </Empty>
      )
  }
}

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement && /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName)

const Shell = ({ name }: { readonly name: string }) => {
  const { page } = useAtom(route)
  useEffect(follow, [])
  useEffect(() => findConversations(""), [])
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== "/" || isTyping(event.target)) return
      const search = document.getElementById("search")
      if (search === null) return
      event.preventDefault()
      search.focus()
    }
    document.addEventListener("keydown", onKeyDown)
    return () => document.removeEventListener("keydown", onKeyDown)
  }, [])
  return (
    <div class="shell">
      <a class="skip" href="#main">Skip to the content</a>
      <Navigation page={page} name={name} />
      <main id="main" class="main">
        <h1 class="visually-hidden">effect-sms console</h1>
        <Page page={page} />
      </main>
    </div>
  )
}

export const App = () => {
  const state = useAtom(session)
  useEffect(resume, [])
  switch (state._tag) {
    case "Unknown":
      return (
        <div class="splash" role="status" aria-label="Loading">
          <Logo size={44} />
        </div>
      )
    case "LoggedOut":
      return <Login />
    case "LoggedIn":
      return <Shell name={state.session.name} />
  }
}
