/**
 * Where an answer is written.
 */
import * as Effect from "effect/Effect"
import * as Hex from "effect/encoding/Hex"
import { useRef, useState } from "preact/hooks"
import * as Segments from "../../segments/Segments.ts"
import { Api, run } from "../state/api.ts"
import { messageOf } from "../state/problem.ts"
import { hasMedia } from "../state/session.ts"
import { Icon } from "../ui/icons.tsx"
import { Problem } from "../ui/parts.tsx"
import { describeFailure } from "../ui/text.ts"
import { Attachments, useAttachments } from "./Attachments.tsx"

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
const Count = ({ isMms, onReplace, text }: {
  readonly text: string
  readonly isMms: boolean
  readonly onReplace: (text: string) => void
}) => {
  // An MMS is billed as one message, whatever its text is.
  if (isMms) {
    return (
      <p class="count" aria-live="polite">
        <span>MMS</span>
      </p>
    )
  }
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
          because of{" "}
          <kbd>{forcedBy.grapheme.trim() === "" ? names[forcedBy.character] ?? "invisible" : forcedBy.grapheme}</kbd>
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
  const { add, attachments, clear, remove } = useAttachments()
  /** The same for every attempt to send the same answer, so that it is sent once. */
  const key = useRef(newKey())
  const input = useRef<HTMLTextAreaElement>(null)
  const files = useRef<HTMLInputElement>(null)

  const change = (value: string) => {
    setText(value)
    drafts.set(roomId, value)
    key.current = newKey()
  }

  const written = text.trim()
  const media = attachments.flatMap(({ mimeType, url }) =>
    url === undefined ? [] : [{ url, ...(mimeType !== undefined && { mimeType }) }]
  )
  const isReady = (written !== "" || media.length > 0) && media.length === attachments.length && !isSending

  const done = () => {
    change("")
    clear()
  }

  const submit = (event?: Event) => {
    event?.preventDefault()
    if (!isReady) return
    setSending(true)
    setProblem(undefined)
    const answering = Effect.flatMap(Api, (api) =>
      api.messages.answer({
        params: { id: roomId },
        headers: { "idempotency-key": key.current },
        payload: { author: "person", ...(written !== "" && { text: written }), ...(media.length > 0 && { media }) }
      }))
    run(answering.pipe(
      Effect.match({
        onSuccess: done,
        onFailure: (error) => {
          const reason = "reason" in error && typeof error.reason === "string" ? error.reason : undefined
          // The history has it, with why it was not sent. To send it again is to write another message.
          if (reason !== undefined) done()
          setProblem(reason === undefined ? messageOf(error) : describeFailure(reason))
        }
      }),
      Effect.ensuring(Effect.sync(() => {
        setSending(false)
        input.current?.focus()
      }))
    ))
  }

  const addFiles = (list: FileList | undefined | null) => {
    if (list === undefined || list === null || list.length === 0) return false
    if (!hasMedia()) {
      setProblem("The server stores no files. Set MEDIA_DIR or MEDIA_S3_BUCKET to send some.")
      return true
    }
    key.current = newKey()
    add(list)
    return true
  }

  return (
    <form
      class="composer"
      onSubmit={submit}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        if (addFiles(event.dataTransfer?.files)) event.preventDefault()
      }}
    >
      {problem !== undefined && <Problem>{problem}</Problem>}
      <Attachments attachments={attachments} onRemove={remove} />
      <div class="composer-box">
        <input
          ref={files}
          type="file"
          multiple
          hidden
          accept="image/*,audio/*,video/*,application/pdf,text/vcard"
          onChange={(event) => {
            addFiles(event.currentTarget.files)
            event.currentTarget.value = ""
          }}
        />
        <button
          type="button"
          class="icon-button"
          aria-label="Attach files"
          title="Attach files"
          onClick={() => files.current?.click()}
        >
          <Icon name="attach" />
        </button>
        <textarea
          ref={input}
          id="answer"
          rows={1}
          placeholder="Write an answer"
          aria-label="Write an answer"
          value={text}
          onInput={(event) => change(event.currentTarget.value)}
          onPaste={(event) => {
            if (addFiles(event.clipboardData?.files)) event.preventDefault()
          }}
          onKeyDown={(event) => {
            if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event)
          }}
        />
        <button type="submit" class="send" disabled={!isReady} aria-label="Send">
          <Icon name="send" />
        </button>
      </div>
      <Count text={text} isMms={attachments.length > 0} onReplace={change} />
    </form>
  )
}
