/**
 * The screen of a phone: what a person and the application wrote to each other
 * through one carrier, and where the person writes.
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks"
import type { Info, PhoneMessage } from "../../emulator/EmulatorApi.ts"
import { run } from "../state/api.ts"
import { client, type Phone } from "../state/phone.ts"
import { messageOf } from "../state/problem.ts"
import { Icon } from "../ui/icons.tsx"
import { dayName, dayOf, fullTime, numberOf, timeOf } from "../ui/text.ts"
import { ownUrl } from "./ContentView.tsx"

type Carrier = Info["carriers"][number]
type PhoneFile = PhoneMessage["files"][number]

/** The most that a picture may have, so that it fits into a request as Base64. */
const maxBytes = 5_000_000

const isPicture = (type: string | undefined): boolean =>
  type !== undefined && type.startsWith("image/") && !type.startsWith("image/svg")

/** Reads a file that the person sent. The page makes a picture of it in its own memory. */
const readFile = (url: string) =>
  Effect.gen(function*() {
    const stream = yield* (yield* client).file({ params: { id: url.slice(url.lastIndexOf("/") + 1) } })
    return yield* Stream.runCollect(stream)
  })

const useSent = ({ type, url }: PhoneFile): string | undefined => {
  const [source, setSource] = useState<string>()
  useEffect(() => {
    if (type === undefined || !isPicture(type)) return
    let made: string | undefined
    const fiber = run(Effect.match(readFile(url), {
      onSuccess: (chunks) => {
        made = URL.createObjectURL(new Blob(chunks.map((chunk) => Uint8Array.from(chunk)), { type }))
        setSource(made)
      },
      onFailure: () => {}
    }))
    return () => {
      run(Fiber.interrupt(fiber))
      if (made !== undefined) URL.revokeObjectURL(made)
    }
  }, [type, url])
  return source
}

const Sent = ({ file }: { readonly file: PhoneFile }) => {
  const source = useSent(file)
  return source === undefined
    ? <span class="handset-file">{isPicture(file.type) ? "Picture" : file.type ?? "File"}</span>
    : <img src={source} alt="Picture" />
}

const Received = ({ file: { url } }: { readonly file: PhoneFile }) => {
  const own = ownUrl(url)
  return own !== undefined && /\.(?:png|jpe?g|gif|webp|bmp|avif)$/i.test(new URL(own).pathname)
    ? <img src={own} alt="Picture" loading="lazy" />
    : <span class="handset-file">File</span>
}

const Message = ({ isFirst, message }: { readonly message: PhoneMessage; readonly isFirst: boolean }) => {
  const { at, direction, files, text } = message
  return (
    <li class={`handset-message is-${direction}${isFirst ? " is-first" : ""}`}>
      {files.map((file) =>
        direction === "written"
          ? <Sent file={file} key={file.url} />
          : <Received file={file} key={file.url} />
      )}
      {text !== "" && <p class="handset-bubble">{text}</p>}
      <time title={fullTime(at)}>{timeOf(at)}</time>
    </li>
  )
}

const Messages = ({ messages }: { readonly messages: ReadonlyArray<PhoneMessage> }) => {
  const scroller = useRef<HTMLDivElement>(null)
  const last = messages.at(-1)
  useLayoutEffect(() => {
    const box = scroller.current
    if (box !== null) box.scrollTop = box.scrollHeight
  }, [messages.length, last?.at.epochMilliseconds])
  useEffect(() => {
    const box = scroller.current
    if (box === null) return
    // Pictures arrive later than the messages that they are in.
    const observer = new ResizeObserver(() => (box.scrollTop = box.scrollHeight))
    observer.observe(box)
    observer.observe(box.firstElementChild!)
    return () => observer.disconnect()
  }, [])
  return (
    <div class="handset-messages" ref={scroller} tabIndex={0} role="region" aria-label="Messages on the phone">
      <ol aria-live="polite" aria-relevant="additions">
        {messages.map((message, index) => {
          const before = messages[index - 1]
          const isNewDay = before === undefined || dayOf(before.at) !== dayOf(message.at)
          return [
            isNewDay && <li class="handset-day" key={`day ${dayOf(message.at)}`}>{dayName(message.at)}</li>,
            <Message
              key={`${message.direction} ${message.id ?? message.at.epochMilliseconds}`}
              message={message}
              isFirst={isNewDay || before.direction !== message.direction}
            />
          ]
        })}
        {messages.length === 0 && <li class="handset-nothing">Write something: the application gets it.</li>}
      </ol>
    </div>
  )
}

const read = (file: File) => Effect.map(Effect.promise(() => file.arrayBuffer()), (bytes) => new Uint8Array(bytes))

/** The words that carriers and the application know. */
const words = ["STOP", "START", "HELP"]

const Write = ({ carrier, number }: { readonly carrier: Carrier; readonly number: string }) => {
  const [text, setText] = useState("")
  const [picture, setPicture] = useState<{ readonly file: File; readonly source: string }>()
  const [problem, setProblem] = useState<string>()
  const input = useRef<HTMLInputElement>(null)
  const files = useRef<HTMLInputElement>(null)

  const drop = () => {
    if (picture !== undefined) URL.revokeObjectURL(picture.source)
    setPicture(undefined)
  }

  const choose = (file: File | undefined) => {
    if (file === undefined) return
    setProblem(file.size > maxBytes ? "The picture is larger than 5 MB." : undefined)
    if (file.size > maxBytes) return
    drop()
    setPicture({ file, source: URL.createObjectURL(file) })
  }

  const send = (text: string, file?: File) => {
    setProblem(undefined)
    run(
      Effect.gen(function*() {
        const media = file === undefined ? [] : [{ type: file.type, base64: Base64.encode(yield* read(file)) }]
        const payload = { carrier: carrier.name, ...(text !== "" && { text }), ...(media.length > 0 && { media }) }
        yield* (yield* client).text({ params: { number }, payload })
      }).pipe(Effect.match({ onSuccess: () => {}, onFailure: (error) => setProblem(messageOf(error)) }))
    )
  }

  const submit = (event: Event) => {
    event.preventDefault()
    if (text.trim() === "" && picture === undefined) return
    send(text.trim(), picture?.file)
    setText("")
    drop()
    input.current?.focus()
  }

  return (
    <form class="handset-write" onSubmit={submit} aria-label="Write as the person">
      {problem !== undefined && <p class="handset-problem" role="alert">{problem}</p>}
      <div class="handset-words">
        {words.map((word) => <button type="button" key={word} onClick={() => send(word)}>{word}</button>)}
      </div>
      {picture !== undefined && (
        <div class="handset-picture">
          <img src={picture.source} alt={picture.file.name} />
          <button type="button" aria-label={`Remove ${picture.file.name}`} onClick={drop}>
            <Icon name="close" size={12} />
          </button>
        </div>
      )}
      <div class="handset-box">
        <input
          ref={files}
          type="file"
          hidden
          accept="image/*"
          onChange={(event) => {
            choose(event.currentTarget.files?.[0])
            event.currentTarget.value = ""
          }}
        />
        <button
          type="button"
          class="handset-attach"
          aria-label="Attach a picture"
          onClick={() => files.current?.click()}
        >
          <Icon name="image" size={20} />
        </button>
        <input
          ref={input}
          id="phone-text"
          class="handset-text"
          type="text"
          autocomplete="off"
          enterkeyhint="send"
          placeholder="Text message"
          aria-label="Text message"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          onPaste={(event) => {
            const file = event.clipboardData?.files[0]
            if (file === undefined) return
            event.preventDefault()
            choose(file)
          }}
        />
        <button
          type="submit"
          class="handset-send"
          aria-label="Send from the phone"
          disabled={text.trim() === "" && picture === undefined}
        >
          <Icon name="up" size={18} />
        </button>
      </div>
    </form>
  )
}

const StatusBar = ({ isLost }: { readonly isLost: boolean }) => (
  <div class="handset-status" aria-hidden="true">
    <span>{timeOf(DateTime.nowUnsafe())}</span>
    <span class="handset-island" />
    <span class="handset-signal">
      {isLost ? "No service" : <Icon name="signal" size={16} />}
      <span class="handset-battery" />
    </span>
  </div>
)

export const Handset = ({ carrier, phone: { isLost, number, view } }: {
  readonly carrier: Carrier
  readonly phone: Phone
}) => {
  const messages = view?.messages.filter((message) => message.carrier === carrier.name) ?? []
  return (
    <div class="handset">
      <div class="handset-screen">
        <StatusBar isLost={isLost} />
        <header class="handset-head">
          <span class="handset-face" aria-hidden="true">
            <Icon name="chat" size={20} />
          </span>
          <h2>Your application</h2>
          <p>{numberOf(messages.at(-1)?.number ?? carrier.numbers[0] ?? "")} · {carrier.title}</p>
        </header>
        <Messages messages={messages} key={`${number} ${carrier.name}`} />
        <Write carrier={carrier} number={number} />
        <span class="handset-home" aria-hidden="true" />
      </div>
    </div>
  )
}
