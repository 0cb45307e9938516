/**
 * A list as a table, and what is open of it beside it.
 */
import type { ComponentChildren } from "preact"
import { useEffect, useRef } from "preact/hooks"
import { go } from "../state/route.ts"
import { Icon, type IconName } from "./icons.tsx"
import { Empty, Problem, Skeleton } from "./parts.tsx"
import type { Pages } from "./usePages.ts"

export interface Column<A> {
  readonly name: string
  readonly cell: (item: A) => ComponentChildren
  /** A class of its cells. */
  readonly kind?: string
}

/** The rows lead to an address each. */
export const Table = <A extends object>({ columns, empty, hrefOf, idOf, label, pages, selected }: {
  readonly label: string
  readonly columns: ReadonlyArray<Column<A>>
  readonly pages: Pages<A>
  readonly idOf: (item: A) => string
  readonly hrefOf: (item: A) => string
  readonly selected: string | undefined
  readonly empty: { readonly icon: IconName; readonly title: string; readonly text: ComponentChildren }
}) => {
  const { hasMore, isLoading, items, more, problem, refresh } = pages
  if (problem !== undefined && items.length === 0) return <Problem onRetry={refresh}>{problem}</Problem>
  if (items.length === 0) {
    return isLoading ? <Skeleton rows={8} /> : <Empty icon={empty.icon} title={empty.title}>{empty.text}</Empty>
  }
  return (
    <div class="table-box" tabIndex={0} role="region" aria-label={label}>
      <table class="table">
        <thead>
          <tr>{columns.map(({ kind, name }) => <th scope="col" class={kind} key={name}>{name}</th>)}</tr>
        </thead>
        <tbody>
          {items.map((item) => {
            const id = idOf(item)
            const href = hrefOf(item)
            return (
              <tr
                key={id}
                class={id === selected ? "is-selected" : ""}
                onClick={(event) => {
                  if (!(event.target instanceof Element) || event.target.closest("a, button") === null) go(href)
                }}
              >
                {columns.map(({ cell, kind, name }, index) => (
                  <td class={kind} key={name}>
                    {index === 0
                      ? (
                        <a class="row-link" href={href} aria-current={id === selected ? "true" : undefined}>
                          {cell(item)}
                        </a>
                      )
                      : cell(item)}
                  </td>
                ))}
              </tr>
            )
          })}
        </tbody>
      </table>
      {problem !== undefined && <Problem onRetry={refresh}>{problem}</Problem>}
      {hasMore && (
        <p class="table-more">
          <button type="button" class="button" onClick={more} disabled={isLoading}>
            {isLoading ? "Loading…" : "Load more"}
          </button>
        </p>
      )}
    </div>
  )
}

/** What is open of a list. Escape closes it. */
export const Panel = ({ children, closeHref, title }: {
  readonly title: string
  readonly closeHref: string
  readonly children: ComponentChildren
}) => {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    heading.current?.focus()
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key === "Escape") go(closeHref)
    }
    document.addEventListener("keydown", onKeyDown)
    return () => document.removeEventListener("keydown", onKeyDown)
  }, [title, closeHref])
  return (
    <section class="panel" aria-label={title}>
      <header class="panel-head">
        <h2 ref={heading} tabIndex={-1}>{title}</h2>
        <a class="icon-button" href={closeHref} aria-label="Close">
          <Icon name="close" />
        </a>
      </header>
      <div class="panel-body">{children}</div>
    </section>
  )
}

/** Names and values, one a line. */
export const Facts = (
  { facts }: { readonly facts: ReadonlyArray<readonly [name: string, value: ComponentChildren]> }
) => (
  <dl class="facts">
    {facts.map(([name, value]) =>
      value === undefined || value === "" || value === null || value === false ? null : (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      )
    )}
  </dl>
)
