/**
 * Where an answer is written.
 */
import * as Effect from "effect/Effect"
import * as Hex from "effect/encoding/Hex"
import { useRef, useState } from "preact/hooks"
import * as Segments from "../../segments/Segments.ts"
import { Api, run } from "../state/api.ts"
import { messageOf } from "../state/problem.ts"
import { Icon } from "../ui/icons.tsx"
import { Problem } from "../ui/parts.tsx"
import { reasonName } from "../ui/text.ts"

/** Makes an idempotency key. `randomUUID` exists only on secure origins. */
const newKey = (): string => Hex.encode(crypto.getRandomValues(new Uint8Array(16)))

/** The text of each conversation that was not sent yet. */
const drafts = new Map<string, string>()

const names: Readonly<Record<string, string>> = {
  "\u200d": "zero width joiner",
  "\ufe0f": "variation selector",
  "\u00a0": "no-break space",
  "\u200b": "zero width space"
}

/** How a text is counted and billed, and why. */
const Count = ({ onReplace, text }: { readonly text: string; readonly onReplace: (text: string) => void }) => {
  if (text === "") return <p class="count" aria-live="polite" />
  const { encoding, forcedBy, remaining, segments } = Segments.count(text)
  const cheaper = encoding === "UCS-2" ? Segments.smartReplace(text) : undefined
  const isCheaper = cheaper !== undefined && Segments.count(cheaper.text).segments < segments
  return (
    <p class="count" aria-live="polite">
      <span>{segments} {segments === 1 ? "segment" : "segments"}</span>
      <span>{encoding}</span>
      <span>{remaining} left</span>
      {forcedBy !== undefined && (
        <span class="count-why">
          because of “{forcedBy.grapheme.trim() === ""
            ? names[forcedBy.character] ?? "an invisible character"
            : forcedBy.grapheme}”
        </span>
      )}
      {isCheaper && (
        <button type="button" class="link" onClick={() => onReplace(cheaper.text)}>
          Use plain characters: {Segments.count(cheaper.text).segments}
        </button>
      )}
    </p>
  )
}

export const Composer = ({ roomId }: { readonly roomId: string }) => {
  const [text, setText] = useState(drafts.get(roomId) ?? "")
  const [problem, setProblem] = useState<string>()
  const [isSending, setSending] = useState(false)
  /** The same for every attempt to send the same answer, so that it is sent once. */
  const key = useRef(newKey())
  const input = useRef<HTMLTextAreaElement>(null)

  const change = (value: string) => {
    setText(value)
    drafts.set(roomId, value)
    key.current = newKey()
  }

  const submit = (event?: Event) => {
    event?.preventDefault()
    const written = text.trim()
    if (written === "" || isSending) return
    setSending(true)
    setProblem(undefined)
    run(
      Effect.flatMap(Api, (api) =>
        api.messages.answer({
          params: { id: roomId },
          headers: { "idempotency-key": key.current },
          payload: { text: written }
        })).pipe(
          Effect.match({
            onSuccess: () => change(""),
            onFailure: (error) => {
              // It is in the history, with why it was not sent: writing it again would be another message.
              if ("reason" in error && typeof error.reason === "string") change("")
              setProblem(
                "reason" in error && typeof error.reason === "string"
                  ? `${reasonName(error.reason)}. ${error.detail ?? ""}`
                  : messageOf(error)
              )
            }
          }),
          Effect.ensuring(Effect.sync(() => {
            setSending(false)
            input.current?.focus()
          }))
        )
    )
  }

  return (
    <form class="composer" onSubmit={submit}>
      {problem !== undefined && <Problem>{problem}</Problem>}
      <div class="composer-box">
        <textarea
          ref={input}
          rows={1}
          placeholder="Write an answer"
          aria-label="Write an answer"
          value={text}
          onInput={(event) => change(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event)
          }}
        />
        <button type="submit" class="send" disabled={text.trim() === "" || isSending} aria-label="Send">
          <Icon name="send" />
        </button>
      </div>
      <Count text={text} onReplace={change} />
    </form>
  )
}
