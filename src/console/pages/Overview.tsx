/**
 * How the server does: small charts, what waits, and each carrier.
 */
import * as Effect from "effect/Effect"
import { isFailure } from "../../DeliveryStatus.ts"
import type { ProviderStats, Stats } from "../../http/StatsApi.ts"
import { Api } from "../state/api.ts"
import { go, hrefOf, route } from "../state/route.ts"
import { titleOfProvider } from "../state/session.ts"
import { useAtom } from "../state/store.ts"
import { Chart, type Share, Shares } from "../ui/Chart.tsx"
import { Badge, Problem, Skeleton } from "../ui/parts.tsx"
import { count, durationOf } from "../ui/text.ts"
import { useRead } from "../ui/useRead.ts"
import { useRefresh } from "../ui/useRefresh.ts"

const spans = [["hour", "Hour"], ["day", "Day"], ["week", "Week"]] as const

type Span = typeof spans[number][0]

const total = (values: ReadonlyArray<number>) => values.reduce((sum, value) => sum + value, 0)

const sharesOf = ({ refused, refusedByServer, statuses, unknown }: ProviderStats): ReadonlyArray<Share> => {
  const of = (f: (status: ProviderStats["statuses"][number]["status"]) => boolean) =>
    total(statuses.filter(({ status }) => f(status)).map(({ count }) => count))
  const isArrived = (status: string) => status === "delivered" || status === "read"
  return [
    { name: "delivered", count: of(isArrived), kind: "good" },
    {
      name: "on their way",
      count: of((status) => !isArrived(status) && !isFailure(status) && status !== "unconfirmed"),
      kind: "neutral"
    },
    { name: "not confirmed", count: of((status) => status === "unconfirmed"), kind: "warn" },
    { name: "outcome unknown", count: unknown, kind: "warn" },
    { name: "not delivered", count: of(isFailure), kind: "bad" },
    { name: "refused", count: refused, kind: "bad" },
    { name: "refused by this server", count: refusedByServer, kind: "neutral" }
  ]
}

const circuits = {
  Closed: ["Circuit closed", "good"],
  HalfOpen: ["Circuit half-open", "warn"],
  Open: ["Circuit open", "bad"]
} as const

const healthOf = ({ circuit, receives, refused, sends, statuses, unknown }: ProviderStats) => {
  if (circuit === "Open") return ["Down", "bad"] as const
  if (circuit === "HalfOpen") return ["Recovering", "warn"] as const
  const failed = refused + unknown + total(statuses.filter(({ status }) => isFailure(status)).map(({ count }) => count))
  const all = refused + unknown + total(statuses.map(({ count }) => count))
  if (all >= 5 && failed / all > 0.2) return ["Failing", "warn"] as const
  return sends || receives ? ["Healthy", "good"] as const : ["Not configured", "neutral"] as const
}

const Carrier = ({ provider }: { readonly provider: ProviderStats }) => {
  const { circuit, latency, name, received, receives, sends } = provider
  const [health, kind] = healthOf(provider)
  return (
    <li class="carrier">
      <header>
        <h3>
          <a href={hrefOf(["messages"], { provider: name })}>{titleOfProvider(name)}</a>
        </h3>
        <Badge kind={kind}>{health}</Badge>
      </header>
      <p class="muted">
        {[
          receives ? `${count(received)} received` : "does not receive",
          sends ? undefined : "does not send",
          latency === undefined
            ? undefined
            : `delivered in ${durationOf(latency.median)}, 95 % in ${durationOf(latency.p95)}`
        ].filter((part) => part !== undefined).join(" · ")}
      </p>
      {sends && <Shares label={`Sent with ${titleOfProvider(name)}`} shares={sharesOf(provider)} />}
      {circuit !== undefined && <Badge kind={circuits[circuit][1]}>{circuits[circuit][0]}</Badge>}
    </li>
  )
}

const Tile = ({ href, kind, name, note, value }: {
  readonly name: string
  readonly value: string
  readonly note: string
  readonly href?: string
  readonly kind?: "bad" | "warn" | undefined
}) => {
  const inside = (
    <>
      <span class="tile-name">{name}</span>
      <span class={`tile-value${kind === undefined ? "" : ` is-${kind}`}`}>{value}</span>
      <span class="tile-note">{note}</span>
    </>
  )
  return <li>{href === undefined ? <div class="tile">{inside}</div> : <a class="tile" href={href}>{inside}</a>}</li>
}

const Figures = ({ span, stats }: { readonly stats: Stats; readonly span: Span }) => {
  const { backlog, latency, providers, spans, step } = stats
  const times = spans.map(({ at }) => at)
  const of = (name: "received" | "sent" | "failed") => spans.map((part) => part[name])
  const per = step === 60 ? "a minute" : step < 3600 ? `in ${step / 60} minutes` : `in ${step / 3600} hours`
  const rate = (value: number) => `${count(value)} ${per}`
  return (
    <>
      <div class="charts">
        <Chart
          title="Received"
          now={count(total(of("received")))}
          times={times}
          format={rate}
          series={[{ name: "Received", kind: "in", values: of("received") }]}
        />
        <Chart
          title="Sent"
          now={count(total(of("sent")))}
          times={times}
          format={rate}
          series={[
            { name: "Sent", kind: "out", values: of("sent") },
            { name: "Failed", kind: "bad", values: of("failed") }
          ]}
        />
        <Chart
          title="Time to delivery"
          now={latency === undefined ? "None yet" : durationOf(latency.median)}
          times={times}
          format={durationOf}
          series={[{ name: "Median", kind: "time", values: spans.map(({ latency }) => latency) }]}
        />
      </div>
      <h2>Waiting</h2>
      <ul class="tiles">
        <Tile
          name="Queued messages"
          value={count(backlog.queued)}
          note={backlog.waiting === undefined ? "none is late" : `oldest waits ${durationOf(backlog.waiting)}`}
          kind={backlog.waiting !== undefined && backlog.waiting > 60 ? "warn" : undefined}
          href={hrefOf(["messages"], { state: "queued" })}
        />
        <Tile name="Being sent" value={count(backlog.sending)} note="at this moment" />
        <Tile
          name="Unknown outcomes"
          value={count(backlog.unknown)}
          note={backlog.unknown === 0 ? "nothing to decide" : "resend or give up"}
          kind={backlog.unknown > 0 ? "warn" : undefined}
          href={hrefOf(["messages"], { state: "unknown" })}
        />
        <Tile
          name="Webhooks in the inbox"
          value={count(backlog.inbox)}
          note={backlog.inbox === 0 ? "all are processed" : `oldest waits ${durationOf(backlog.inboxWaiting)}`}
          kind={backlog.inboxWaiting > 60 ? "warn" : undefined}
        />
        <Tile
          name="Dead letters"
          value={count(backlog.deadLetters)}
          note={backlog.deadLetters === 0 ? "nothing failed for good" : "look at them and replay"}
          kind={backlog.deadLetters > 0 ? "bad" : undefined}
          href="#/dead-letters"
        />
      </ul>
      <h2>Carriers</h2>
      {providers.length === 0
        ? <p class="muted">No carrier is configured.</p>
        : <ul class="carriers">{providers.map((provider) => <Carrier provider={provider} key={provider.name} />)}</ul>}
      <p class="visually-hidden" role="status">{`Figures of the last ${span}`}</p>
    </>
  )
}

export const Overview = () => {
  const { query } = useAtom(route)
  const span = spans.find(([name]) => name === query.get("span"))?.[0] ?? "hour"
  const { problem, refresh, value } = useRead(
    span,
    Effect.flatMap(Api, (api) => api.statistics.stats({ query: { span } }))
  )
  useRefresh(refresh, { heartbeat: true })
  return (
    <div class="overview" tabIndex={0} role="region" aria-label="Overview">
      <header class="page-head is-row">
        <h2 class="title">Overview</h2>
        <div class="segments" role="group" aria-label="Span of time">
          {spans.map(([name, text]) => (
            <button
              type="button"
              aria-pressed={name === span}
              onClick={() => go(hrefOf(["overview"], { span: name }), { replace: true })}
              key={name}
            >
              {text}
            </button>
          ))}
        </div>
      </header>
      {problem !== undefined && <Problem onRetry={refresh}>{problem}</Problem>}
      {value === undefined ? problem === undefined && <Skeleton rows={5} /> : <Figures stats={value} span={span} />}
    </div>
  )
}
