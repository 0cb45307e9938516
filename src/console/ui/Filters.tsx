/**
 * Filters of a list. They are in the address of the page, so that a list can be
 * sent to somebody.
 */
import * as DateTime from "effect/DateTime"
import type { ComponentChildren } from "preact"
import { useEffect, useState } from "preact/hooks"
import { go, hrefOf, route } from "../state/route.ts"
import { titles } from "../state/session.ts"
import { get } from "../state/store.ts"
import { Icon } from "./icons.tsx"
import { useDelayed } from "./useDelayed.ts"

/** Changes a filter, and closes what is open. */
export const setFilter = (name: string, value: string): void => {
  const { page, query } = get(route)
  const filters = { ...Object.fromEntries(query), [name]: value }
  go(hrefOf([page], filters), { replace: true })
}

export /** What a filter is set to, or nothing. */
const valueOf = (name: string): string => get(route).query.get(name) ?? ""

export const SelectFilter = ({ label, name, options }: {
  readonly label: string
  readonly name: string
  readonly options: ReadonlyArray<readonly [value: string, text: string]>
}) => {
  const value = valueOf(name)
  return (
    <label class={`filter${value === "" ? "" : " is-set"}`}>
      <span class="filter-label">{label}</span>
      <select value={value} onChange={(event) => setFilter(name, event.currentTarget.value)}>
        {options.map(([option, text]) => <option value={option} key={option}>{text}</option>)}
      </select>
    </label>
  )
}

export const TextFilter = ({ label, name }: { readonly label: string; readonly name: string }) => {
  const value = valueOf(name)
  const [text, setText] = useState(value)
  useEffect(() => setText(value), [value])
  useDelayed(text, (text) => {
    if (text.trim() !== valueOf(name)) setFilter(name, text.trim())
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

const spanOptions: ReadonlyArray<readonly [string, string]> = [
  ["", "Any time"],
  ["1h", "Last hour"],
  ["24h", "Last 24 hours"],
  ["7d", "Last 7 days"],
  ["30d", "Last 30 days"]
]

export const TimeFilter = () => <SelectFilter label="Time" name="since" options={spanOptions} />

/** Restricts a list to a span of time up to now. */
export const sinceOf = (span: string | null) => {
  const hours = spans[span ?? ""]
  return hours === undefined ? {} : { since: DateTime.subtract(DateTime.nowUnsafe(), { hours }) }
}

export const CarrierFilter = () => (
  <SelectFilter label="Carrier" name="provider" options={[["", "Any carrier"], ...Object.entries(titles())]} />
)

/** The filters that a person wrote, without those that are empty. */
export const given = <A extends Readonly<Record<string, string | null>>>(filters: A) =>
  Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== null && value !== "")) as Partial<
    Record<keyof A, never>
  >
