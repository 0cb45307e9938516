/**
 * Filters of a list. They are in the address of the page, so that a list can be
 * sent to somebody.
 */
import type { ComponentChildren } from "preact"
import { useEffect, useState } from "preact/hooks"
import { go, hrefOf, route } from "../state/route.ts"
import { get } from "../state/store.ts"
import { Icon } from "./icons.tsx"
import { useDelayed } from "./useDelayed.ts"

/** Changes a filter, and closes what is open. */
export const setFilter = (name: string, value: string): void => {
  const { page, query } = get(route)
  const filters = { ...Object.fromEntries(query), [name]: value }
  go(hrefOf([page], filters), { replace: true })
}

export const SelectFilter = ({ label, name, options, value }: {
  readonly label: string
  readonly name: string
  readonly value: string
  readonly options: ReadonlyArray<readonly [value: string, text: string]>
}) => (
  <label class={`filter${value === "" ? "" : " is-set"}`}>
    <span class="filter-label">{label}</span>
    <select value={value} onChange={(event) => setFilter(name, event.currentTarget.value)}>
      {options.map(([option, text]) => <option value={option} key={option}>{text}</option>)}
    </select>
  </label>
)

export const TextFilter = ({ label, name, value }: {
  readonly label: string
  readonly name: string
  readonly value: string
}) => {
  const [text, setText] = useState(value)
  useEffect(() => setText(value), [value])
  useDelayed(text, (text) => {
    if (text.trim() !== (get(route).query.get(name) ?? "")) setFilter(name, text.trim())
  })
  return (
    <label class={`filter is-text${value === "" ? "" : " is-set"}`}>
      <span class="visually-hidden">{label}</span>
      <Icon name="search" size={14} />
      <input
        type="search"
        id={name === "text" ? "search" : undefined}
        placeholder={label}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
    </label>
  )
}

export const Filters = ({ children }: { readonly children: ComponentChildren }) => {
  const { page, query } = get(route)
  return (
    <div class="filters" role="search" aria-label="Filters">
      {children}
      {query.size > 0 && <a class="link" href={hrefOf([page])}>Clear</a>}
    </div>
  )
}

/** The spans of time that a list can be restricted to, in hours. */
const spans: Readonly<Record<string, number>> = { "1h": 1, "24h": 24, "7d": 168, "30d": 720 }

export const spanOptions: ReadonlyArray<readonly [string, string]> = [
  ["", "Any time"],
  ["1h", "Last hour"],
  ["24h", "Last 24 hours"],
  ["7d", "Last 7 days"],
  ["30d", "Last 30 days"]
]

/** Returns how many hours back a list goes, or `undefined`. */
export const hoursOf = (span: string | null): number | undefined => spans[span ?? ""]
