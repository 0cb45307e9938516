/**
 * Copies a text.
 */
import * as Effect from "effect/Effect"
import { useState } from "preact/hooks"
import { Icon } from "./icons.tsx"

/** On an origin that is not secure, browsers have no clipboard for pages but this. */
const copySelected = (text: string): boolean => {
  const box = document.createElement("textarea")
  box.value = text
  box.className = "visually-hidden"
  document.body.append(box)
  box.select()
  const isCopied = document.execCommand("copy")
  box.remove()
  return isCopied
}

const copy = (text: string): Effect.Effect<boolean> =>
  "clipboard" in navigator
    ? Effect.match(Effect.tryPromise(() => navigator.clipboard.writeText(text)), {
      onSuccess: () => true,
      onFailure: () => copySelected(text)
    })
    : Effect.sync(() => copySelected(text))

export const Copy = ({ label, text }: { readonly label: string; readonly text: string }) => {
  const [state, setState] = useState<"idle" | "copied" | "failed">("idle")
  const onClick = () => {
    Effect.runFork(
      copy(text).pipe(
        Effect.tap((isCopied) => Effect.sync(() => setState(isCopied ? "copied" : "failed"))),
        Effect.andThen(Effect.sleep("2 seconds")),
        Effect.andThen(Effect.sync(() => setState("idle")))
      )
    )
  }
  return (
    <button type="button" class="button is-small" onClick={onClick}>
      <Icon name={state === "copied" ? "check" : "copy"} size={14} />
      <span aria-live="polite">{state === "copied" ? "Copied" : state === "failed" ? "Cannot copy" : label}</span>
    </button>
  )
}
