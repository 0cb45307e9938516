/**
 * Where a person proves to have a token.
 */
import { useEffect, useRef, useState } from "preact/hooks"
import { login, session } from "../state/session.ts"
import { useAtom } from "../state/store.ts"
import { Logo } from "../ui/Logo.tsx"
import { Problem } from "../ui/parts.tsx"

export const Login = () => {
  const state = useAtom(session)
  const [token, setToken] = useState("")
  const [isBusy, setBusy] = useState(false)
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => {
    setBusy(false)
    input.current?.focus()
    input.current?.select()
  }, [state])
  const submit = (event: Event) => {
    event.preventDefault()
    if (token.trim() === "") return
    setBusy(true)
    login(token.trim())
  }
  return (
    <main class="login">
      <form class="login-card" onSubmit={submit}>
        <Logo size={40} />
        <h1>effect-sms console</h1>
        <p class="muted">Read and answer messages, and see what became of them.</p>
        <input type="text" autocomplete="username" value="effect-sms" readOnly hidden />
        <label class="field">
          <span class="field-label">Token</span>
          <input
            ref={input}
            type="password"
            autocomplete="current-password"
            spellcheck={false}
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        {state._tag === "LoggedOut" && state.reason !== undefined && <Problem>{state.reason}</Problem>}
        <button type="submit" class="button is-primary is-wide" disabled={isBusy || token.trim() === ""}>
          {isBusy ? "Logging in…" : "Log in"}
        </button>
        <p class="hint">
          The admin token of the server, from <code>ADMIN_TOKEN</code>, or a token that <code>effect-sms token</code>
          {" "}
          made. This browser stays logged in for 12 hours.
        </p>
      </form>
    </main>
  )
}
