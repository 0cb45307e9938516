/**
 * The small parts that pages are made of.
 */
import type { ComponentChildren } from "preact"
import { Icon, type IconName } from "./icons.tsx"
import type { Progress } from "./text.ts"

/** A circle with the last digits of a number, in a colour of its own. */
export const Avatar = ({ address, isGroup = false }: { readonly address: string; readonly isGroup?: boolean }) => {
  const digits = address.replaceAll(/\D/g, "")
  let hash = 0
  for (const character of address) hash = (hash * 31 + character.codePointAt(0)!) >>> 0
  const text = isGroup ? <Icon name="person" size={18} /> : digits.length >= 4 ? digits.slice(-2) : address.slice(0, 2)
  return <span class={`avatar hue-${hash % 8}`} aria-hidden="true">{text}</span>
}

const ticks: Readonly<Record<Progress, readonly [IconName, string]>> = {
  pending: ["clock", "Waiting"],
  sent: ["check", "Sent"],
  delivered: ["checks", "Delivered"],
  read: ["checks", "Read"],
  failed: ["failed", "Failed"],
  unknown: ["question", "Outcome unknown"],
  blocked: ["blocked", "Blocked"]
}

/** What became of a message, as an icon. */
export const Ticks = ({ label, progress }: { readonly progress: Progress; readonly label?: string }) => {
  const [icon, name] = ticks[progress]
  return (
    <span class={`ticks is-${progress}`} title={label ?? name}>
      <Icon name={icon} size={15} label={label ?? name} />
    </span>
  )
}

export const Badge = ({ children, kind = "neutral" }: {
  readonly children: ComponentChildren
  readonly kind?: "neutral" | "good" | "bad" | "warn" | "accent"
}) => <span class={`badge is-${kind}`}>{children}</span>

/** What is shown where there is nothing to show. */
export const Empty = ({ children, icon, title }: {
  readonly icon: IconName
  readonly title: string
  readonly children?: ComponentChildren
}) => (
  <div class="empty">
    <span class="empty-icon">
      <Icon name={icon} size={26} />
    </span>
    <p class="empty-title">{title}</p>
    {children !== undefined && <div class="empty-text">{children}</div>}
  </div>
)

/** A problem, with what can be done about it. */
export const Problem = ({ children, onRetry }: {
  readonly children: ComponentChildren
  readonly onRetry?: (() => void) | undefined
}) => (
  <div class="problem" role="alert">
    <Icon name="warning" />
    <span>{children}</span>
    {onRetry !== undefined && <button type="button" class="button is-small" onClick={onRetry}>Try again</button>}
  </div>
)

/** Grey lines where rows will be. */
export const Skeleton = ({ rows }: { readonly rows: number }) => (
  <div class="skeleton" role="status" aria-label="Loading">
    {Array.from({ length: rows }, (_, row) => (
      <div class="skeleton-row" key={row}>
        <span class="skeleton-dot" />
        <span class="skeleton-line" />
      </div>
    ))}
  </div>
)
