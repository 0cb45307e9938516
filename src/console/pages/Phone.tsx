/**
 * The phone of a person beside the conversation with that person, where the
 * carriers are emulated. The address has the number and the carrier.
 */
import { useEffect, useState } from "preact/hooks"
import type { Conversation } from "../../http/ConversationsApi.ts"
import { conversations } from "../state/conversations.ts"
import { emulator, firstNumber, followPhone, newNumber, phone } from "../state/phone.ts"
import { go, hrefOf, route } from "../state/route.ts"
import { useAtom } from "../state/store.ts"
import "../styles/phone.css"
import { Icon } from "../ui/icons.tsx"
import { Empty, Problem, Skeleton } from "../ui/parts.tsx"
import { numberOf, peopleOf } from "../ui/text.ts"
import { InboxList } from "./Conversations.tsx"
import { Faults } from "./Faults.tsx"
import { Handset } from "./Handset.tsx"
import { ThreadView } from "./Thread.tsx"

const isNumber = (text: string): boolean => /^\+\d{5,15}$/.test(text)

const placeOf = (number: string, carrier: string | undefined): string =>
  hrefOf(["phone", number, ...(carrier === undefined ? [] : [carrier])])

/** The phone of whom a conversation is with. */
const phoneOf = (conversation: Conversation): string =>
  placeOf(peopleOf(conversation)[0] ?? firstNumber, conversation.provider)

const Number = ({ carrier, number }: { readonly number: string; readonly carrier: string | undefined }) => {
  const [text, setText] = useState(number)
  useEffect(() => setText(number), [number])
  const info = useAtom(emulator)
  const change = (text: string) => {
    const digits = `+${text.replaceAll(/\D/g, "")}`
    if (isNumber(digits)) go(placeOf(digits, carrier))
    else setText(number)
  }
  return (
    <div class="phone-person">
      <label class="phone-number">
        <span>Phone of</span>
        <input
          type="tel"
          list="phone-numbers"
          value={numberOf(text)}
          onChange={(event) => change(event.currentTarget.value)}
        />
      </label>
      <datalist id="phone-numbers">
        {info?.magicNumbers.map(({ description, number }) => (
          <option value={number} key={number}>{description.replaceAll("`", "")}</option>
        ))}
      </datalist>
      <button
        type="button"
        class="icon-button"
        aria-label="Another person"
        title="Another person"
        onClick={() => go(placeOf(newNumber(), carrier))}
      >
        <Icon name="plus" />
      </button>
    </div>
  )
}

const Side = ({ carrier: name, number }: { readonly number: string; readonly carrier: string | undefined }) => {
  const info = useAtom(emulator)
  const shown = useAtom(phone)
  const carrier = info?.carriers.find((carrier) => carrier.name === name) ?? info?.carriers[0]
  if (info === undefined || carrier === undefined) {
    return shown.isLost
      ? <Problem>The emulator does not answer. The phone is back when it does.</Problem>
      : <Skeleton rows={6} />
  }
  const view = shown.number === number ? shown.view : undefined
  return (
    <>
      <Number number={number} carrier={carrier.name} />
      <nav class="phone-carriers" aria-label="Carrier">
        {info.carriers.map(({ name, title }) => (
          <a
            href={placeOf(number, name)}
            key={name}
            aria-current={name === carrier.name ? "true" : undefined}
          >
            {title}
          </a>
        ))}
      </nav>
      {shown.isLost && <Problem>The emulator does not answer. The phone is back when it does.</Problem>}
      <Handset carrier={carrier} phone={{ number, view, isLost: shown.isLost }} />
      <Faults rules={shown.view?.faults ?? []} />
    </>
  )
}

export const Phone = () => {
  const { path: [given = "", name] } = useAtom(route)
  const number = isNumber(given) ? given : firstNumber
  useEffect(() => followPhone(number), [number])
  const info = useAtom(emulator)
  const { items } = useAtom(conversations)
  const [isThread, setThread] = useState(false)
  const carrier = name ?? info?.carriers[0]?.name
  const roomId = items.find((conversation) =>
    conversation.provider === carrier && peopleOf(conversation).includes(number)
  )?.room.id
  return (
    <div class={`phone-page has-phone${isThread ? " shows-thread" : ""}`}>
      <div class="phone-switch" role="group" aria-label="What is shown">
        <button type="button" aria-pressed={!isThread} onClick={() => setThread(false)}>Phone</button>
        <button type="button" aria-pressed={isThread} onClick={() => setThread(true)}>Conversation</button>
      </div>
      <InboxList selected={roomId} href={phoneOf} />
      {roomId === undefined
        ? (
          <section class="thread is-empty" aria-label="Conversation">
            <Empty icon="phone" title="Nothing from this phone yet">
              What you write on the phone appears here as the application gets it.
            </Empty>
          </section>
        )
        : <ThreadView roomId={roomId} />}
      <section class="phone-side" aria-label="Phone">
        <Side number={number} carrier={carrier} />
      </section>
    </div>
  )
}
