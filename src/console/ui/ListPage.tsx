/**
 * A page with a list of messages: its filters, its table, and what is open of
 * it beside it.
 */
import type { ComponentChildren } from "preact"
import { Filters } from "./Filters.tsx"
import type { IconName } from "./icons.tsx"
import { type Column, Table } from "./Table.tsx"
import type { Pages } from "./usePages.ts"

export interface Props<A> {
  readonly title: string
  /** What is between the title and the filters. */
  readonly intro: ComponentChildren
  readonly filters: ComponentChildren
  readonly columns: ReadonlyArray<Column<A>>
  readonly pages: Pages<A>
  readonly idOf: (item: A) => string
  readonly hrefOf: (item: A) => string
  /** The id of what is open. */
  readonly selected: string | undefined
  readonly empty: { readonly icon: IconName; readonly title: string; readonly text: ComponentChildren }
  /** What is open. */
  readonly children: ComponentChildren
}

export const ListPage = <A extends object>({ children, filters, intro, title, ...table }: Props<A>) => (
  <div class={`split${table.selected === undefined ? "" : " has-selection"}`}>
    <div class="list">
      <header class="page-head">
        <h2 class="title">{title}</h2>
        {intro}
        <Filters>{filters}</Filters>
      </header>
      <Table label={title} {...table} />
    </div>
    {children}
  </div>
)
