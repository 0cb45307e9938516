/**
 * A long list of which only the visible rows exist.
 */
import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  type VirtualItem,
  Virtualizer
} from "@tanstack/virtual-core"
import type { RefObject } from "preact"
import { useEffect, useReducer, useState } from "preact/hooks"

export const useVirtual = (
  { count, keyOf, rowHeight, scroller }: {
    readonly count: number
    readonly rowHeight: number
    readonly keyOf: (index: number) => string
    readonly scroller: RefObject<HTMLElement | null>
  }
): { readonly items: ReadonlyArray<VirtualItem>; readonly height: number; readonly show: (index: number) => void } => {
  const [, render] = useReducer((turn: number) => turn + 1, 0)
  const options = {
    count,
    estimateSize: () => rowHeight,
    getScrollElement: () => scroller.current,
    getItemKey: keyOf,
    overscan: 8,
    observeElementRect,
    observeElementOffset,
    scrollToFn: elementScroll,
    onChange: () => render(undefined)
  }
  const [virtualizer] = useState(() => new Virtualizer<HTMLElement, HTMLElement>(options))
  virtualizer.setOptions(options)
  useEffect(() => virtualizer._didMount(), [])
  useEffect(() => virtualizer._willUpdate())
  return {
    items: virtualizer.getVirtualItems(),
    height: virtualizer.getTotalSize(),
    show: (index) => virtualizer.scrollToIndex(index)
  }
}
