/**
 * The simulated network: a synchronous state machine of messages, people and
 * scheduled steps. It knows no HTTP and no clock of its own: whoever runs it
 * asks when the next step is due, and posts the webhooks that come out.
 */
import * as Emulation from "../../provider/Emulation.ts"
import type { Effect } from "../Fault.ts"
import * as MagicNumber from "../MagicNumber.ts"
import { Faults } from "./faults.ts"
import { Files } from "./files.ts"
import { keywordOf } from "./keywords.ts"
import { type Kept, Messages } from "./messages.ts"
import { People } from "./people.ts"
import { type Post, PostQueue } from "./postQueue.ts"
import * as Random from "./random.ts"
import { RecordKinds } from "./records.ts"
import { Schedule } from "./schedule.ts"
import { delivered, durationOf, nextState } from "./walk.ts"

/** What happens at a certain time. A step is JSON. */
export type Step =
  | {
    readonly _tag: "Advance"
    readonly carrier: string
    readonly id: string
    readonly state: Emulation.State
    readonly version: number
  }
  | { readonly _tag: "Post"; readonly post: Post }
  | { readonly _tag: "Text"; readonly from: string; readonly to: string; readonly text: string }

/** What a carrier has on the network. */
interface Account {
  readonly name: string
  readonly numbers: ReadonlyArray<string>
  readonly messages: Messages
  readonly records: RecordKinds
  dialect: Emulation.Dialect | undefined
}

export interface Options {
  readonly seed: string
  /** The time in epoch milliseconds. */
  readonly clock: () => number
  /** The most messages of a carrier that are kept. */
  readonly maxMessages: number
  /** The most people whose messages are kept. */
  readonly maxPeople: number
  /** Scales the time that messages take. 1 is usual, and 0 is at once. */
  readonly pace: number
}

/** When a person answers. */
const answerDelay = 300
/** The delay of a webhook that others overtake. */
const reorderDelay = 2000
const duplicateDelay = 200

/** Webhooks that wait for a connection. Beyond this, nothing advances. */
const maxWaiting = 10_000
/** Steps that cannot be executed because webhooks wait, or messages on their way. Beyond this, nothing is accepted. */
const maxPending = 20_000

export class Simulation {
  readonly faults: Faults
  readonly people: People
  readonly schedule = new Schedule<Step>()
  readonly files = new Files()
  readonly random: Random.Seeded
  readonly accounts = new Map<string, Account>()
  readonly #options: Options
  /** The webhooks that are due, in order. */
  readonly posts = new PostQueue()
  #posting = 0
  /** How many steps are of messages that are forgotten, or have gone another way. */
  #uselessSteps = 0
  #warnings: Array<string> = []
  /** How wrong the clock of the carrier is during the current exchange. */
  #skew = 0
  /** Called when a step was added that is due before all others. */
  onEarlier: () => void = () => {}
  /** Called with a webhook that is never posted. */
  onLost: (post: Post) => void = () => {}

  constructor(options: Options) {
    this.#options = options
    this.faults = new Faults(options.seed)
    this.people = new People(options.maxPeople)
    this.random = Random.make(options.seed, "network")
  }

  get now(): number {
    return this.#options.clock()
  }

  /** Whether nothing is on its way, and nothing is due until then. */
  isQuiet(until: number): boolean {
    return this.#posting === 0 && this.posts.size === 0 && (this.schedule.due ?? Infinity) > until
  }

  /** Whether the application does not take its webhooks as fast as messages are sent. */
  get isFull(): boolean {
    let leaving = 0
    for (const { messages } of this.accounts.values()) leaving += messages.leaving
    return (this.posts.size > maxWaiting && this.schedule.size > maxPending) || leaving > maxPending
  }

  get posting(): number {
    return this.#posting
  }

  /** Adds a carrier. Its dialect is set before the first request. */
  open(name: string, numbers: ReadonlyArray<string>): Account {
    const { maxMessages } = this.#options
    const account: Account = {
      name,
      numbers,
      messages: new Messages(maxMessages),
      records: new RecordKinds(maxMessages / 2),
      dialect: undefined
    }
    this.accounts.set(name, account)
    return account
  }

  /** Returns the part of the network that a dialect sees. */
  networkOf(account: Account): Emulation.Network {
    const { messages, name, numbers } = account
    const owned = new Set(numbers)
    return {
      now: () => this.now + this.#skew,
      random: this.random,
      owns: (number) => owned.has(number),
      numbers,
      accept: (draft) => this.#accept(account, draft),
      find: (id) => messages.find(id),
      messages: () => messages.newestFirst(),
      group: (id) => messages.group(id),
      change: (message, state, reason) => this.change(name, message.id, state, reason),
      remove: (message) => messages.remove(message),
      hasOptedOut: (sender, person) => this.people.hasOptedOut(name, sender, person),
      file: (id) => this.files.get(id),
      removeFile: (id) => this.files.delete(id),
      post: (webhook, after) => this.#post(name, webhook, after),
      records: <A>(kind: string) => account.records.of(kind) as Emulation.Records<A>,
      warn: (warning) => this.#warnings.push(warning)
    }
  }

  /** Takes the warnings of the current exchange. */
  takeWarnings(): ReadonlyArray<string> {
    if (this.#warnings.length === 0) return this.#warnings
    const warnings = this.#warnings
    this.#warnings = []
    return warnings
  }

  /** Runs a part of an exchange with the clock of the carrier that many seconds wrong. */
  withSkew<A>(effects: ReadonlyArray<Effect>, run: () => A): A {
    for (const effect of effects) if (effect.type === "clockSkew") this.#skew += effect.seconds * 1000
    try {
      return run()
    } finally {
      this.#skew = 0
    }
  }

  #add(after: number, step: Step): void {
    const due = this.now + after
    const isEarlier = due < (this.schedule.due ?? Infinity)
    this.schedule.add(due, step)
    if (isEarlier) this.onEarlier()
  }

  #accept(account: Account, draft: Emulation.Draft): Kept {
    const { now } = this
    const fate = this.faults.ofMessage(account.name, draft.to)
    const message: Kept = {
      id: draft.id,
      carrier: account.name,
      direction: "outbound",
      from: draft.from,
      to: draft.to,
      text: draft.text,
      urls: draft.urls ?? [],
      files: [],
      segments: draft.segments,
      createdAt: now,
      updatedAt: now,
      state: draft.state ?? "queued",
      callback: draft.callback,
      group: draft.group,
      data: draft.data ?? {},
      fate: fate === undefined ? delivered : { end: fate.state ?? "undelivered", reason: fate.reason ?? "Unknown" },
      version: 0,
      isAdvancing: false
    }
    this.#dropped(account.messages.add(message))
    this.#continue(message, draft.sendAt === undefined ? 0 : Math.max(0, draft.sendAt - now))
    return message
  }

  /** Removes the steps of forgotten messages, which may be due in weeks, once they are the most. */
  #dropped(steps: number): void {
    this.#uselessSteps += steps
    if (this.#uselessSteps < 1000 || this.#uselessSteps * 2 < this.schedule.size) return
    this.#uselessSteps = 0
    this.schedule.retain((step) => step._tag !== "Advance" || this.#messageOf(step) !== undefined)
  }

  /** Finds the message of a step, unless it has gone another way since. */
  #messageOf({ carrier, id, version }: Step & { readonly _tag: "Advance" }): Kept | undefined {
    const message = this.accounts.get(carrier)?.messages.find(id)
    return message?.version === version ? message : undefined
  }

  /** Schedules the state that follows the present one. */
  #continue(message: Kept, after = 0): void {
    const next = nextState(message)
    message.isAdvancing = next !== undefined
    if (next === undefined) return this.accounts.get(message.carrier)?.messages.ended(message)
    const { carrier, id, version } = message
    this.#add(after + durationOf(next) * this.#options.pace, { _tag: "Advance", carrier, id, state: next, version })
  }

  /** Sets the state of a message from outside. Returns whether there is such a message. */
  change(
    carrier: string,
    id: string,
    state: Emulation.State,
    reason?: Emulation.Reason,
    code?: string
  ): boolean {
    const account = this.accounts.get(carrier)
    const message = account?.messages.find(id)
    if (account === undefined || message === undefined) return false
    message.version++
    if (message.isAdvancing) this.#dropped(1)
    message.isAdvancing = false
    this.#enter(account, message, state, reason, code)
    account.messages.ended(message)
    return true
  }

  #enter(
    { dialect, name }: Account,
    message: Kept,
    state: Emulation.State,
    reason?: Emulation.Reason,
    code?: string
  ): void {
    message.state = state
    message.updatedAt = this.now
    message.reason = reason
    message.code = code ?? (reason === undefined ? undefined : dialect?.codeOf(reason))
    if (state === "sent") message.sentAt = message.updatedAt
    if (state === "delivered" || (state === "sent" && message.fate.end === "sent")) this.#deliver(message)
    const webhook = dialect?.report(message)
    if (webhook !== undefined) this.#post(name, webhook)
  }

  #deliver({ carrier, from, id, text, to, urls }: Kept): void {
    this.people.deliver(to, { carrier, id, from, text, urls, at: this.now })
    const answer = MagicNumber.find(to)?.answer
    if (answer !== undefined) {
      this.#add(answerDelay * this.#options.pace, { _tag: "Text", from: to, to: from, text: answer })
    }
  }

  /** Finds the carrier that has a number of the application. */
  carrierOf(number: string): string | undefined {
    for (const { name, numbers } of this.accounts.values()) {
      if (numbers.includes(number)) return name
    }
    return undefined
  }

  /** A person writes to a number of the application. Returns `undefined` if no carrier has the number. */
  text({ from, text, to, ...options }: {
    readonly from: string
    readonly to: string
    readonly text: string
    readonly files?: ReadonlyArray<Pick<Emulation.File, "type" | "bytes">> | undefined
    readonly carrier?: string | undefined
  }): Emulation.Message | undefined {
    const { carrier = this.carrierOf(to), files = [] } = options
    const account = carrier === undefined ? undefined : this.accounts.get(carrier)
    const dialect = account?.dialect
    if (account === undefined || dialect === undefined) return undefined
    const { now } = this
    const hasOptedOut = this.people.hasOptedOut(account.name, to, from)
    const keyword = files.length > 0 ? undefined : keywordOf(dialect, text, hasOptedOut)
    const message: Kept = {
      id: dialect.inboundId(files.length > 0),
      carrier: account.name,
      direction: "inbound",
      from,
      to,
      text,
      urls: [],
      files: files.map((file) => this.#keep(file)),
      segments: 1,
      createdAt: now,
      updatedAt: now,
      state: "received",
      keyword,
      data: {},
      fate: delivered,
      version: 0,
      isAdvancing: false
    }
    this.#dropped(account.messages.add(message))
    if (keyword !== undefined) this.#handle(account, dialect, message, keyword)
    for (const { after, webhook } of dialect.inbound(message)) this.#post(account.name, webhook, after)
    return message
  }

  #keep({ bytes, type }: Pick<Emulation.File, "type" | "bytes">): string {
    const id = this.random.hex(32)
    this.files.add({ id, type, bytes })
    return id
  }

  /** Opts a person out or in, and lets the carrier confirm it. */
  #handle(
    { name }: Account,
    { keywords }: Emulation.Dialect,
    { from, to }: Kept,
    keyword: Emulation.Keyword
  ): void {
    if (keyword !== "HELP") this.people.setOptedOut(name, to, from, keyword === "STOP")
    this.people.deliver(from, { carrier: name, from: to, text: keywords![keyword].reply, urls: [], at: this.now })
  }

  #post(carrier: string, webhook: Emulation.Webhook, after = 0): void {
    const effects = this.faults.ofExchange({ carrier, kind: webhook.kind, numbers: [webhook.number] })
    if (effects.some(({ type }) => type === "lose")) {
      return this.onLost({ carrier, webhook, attempt: 1, faults: effects })
    }
    let [wait, copyAfter] = [after, undefined as number | undefined]
    for (const effect of effects) {
      if (effect.type === "delay") wait += effect.millis
      // The last report is not delayed, so that the others come after it.
      if (effect.type === "reorder" && !this.#isLast(carrier, webhook)) wait += reorderDelay
      if (effect.type === "duplicate") copyAfter = effect.after ?? duplicateDelay
    }
    const post: Post = { carrier, webhook, attempt: 1, faults: effects }
    this.#send(wait, post)
    if (copyAfter !== undefined) this.#send(wait + copyAfter, post)
  }

  #isLast(carrier: string, { kind, messageId }: Emulation.Webhook): boolean {
    const message = this.accounts.get(carrier)?.messages.find(messageId)
    return kind === "status" && message !== undefined && Emulation.isTerminal(message.state)
  }

  /** Posts a webhook after a time, or as soon as there is a connection. It is lost where too many wait. */
  #send(after: number, post: Post): void {
    if (!this.posts.admit(post)) this.onLost(post)
    else if (after > 0) this.#add(after, { _tag: "Post", post })
    else this.#enqueue(post)
  }

  #enqueue(post: Post): void {
    this.posts.add(post)
    this.onEarlier()
  }

  /** Puts back what waited when a snapshot was made. */
  restore(steps: ReadonlyArray<readonly [due: number, step: Step]>, posts: ReadonlyArray<Post>): void {
    for (const [due, step] of steps) {
      if (step._tag !== "Post" || this.posts.admit(step.post)) this.schedule.add(due, step)
    }
    for (const post of posts) this.#send(0, post)
    this.onEarlier()
  }

  /** Runs up to so many steps that are due. Returns whether more are due. */
  run(limit: number): boolean {
    const { now } = this
    for (let count = 0; count < limit; count++) {
      if (this.posts.size > maxWaiting) return false
      const step = this.schedule.take(now)
      if (step === undefined) return false
      this.#execute(step)
    }
    return true
  }

  #execute(step: Step): void {
    switch (step._tag) {
      case "Post":
        return this.#enqueue(step.post)
      case "Text":
        this.text(step)
        return
      case "Advance": {
        const account = this.accounts.get(step.carrier)
        const message = this.#messageOf(step)
        if (account === undefined || message === undefined) return
        const isEnd = step.state === message.fate.end && step.state !== "delivered" && step.state !== "sent"
        this.#enter(account, message, step.state, isEnd ? message.fate.reason : undefined)
        this.#continue(message)
      }
    }
  }

  /** Takes the next webhook to post, which counts as on its way until {@link posted}. */
  takePost(): Post | undefined {
    const post = this.posts.take()
    if (post !== undefined) this.#posting++
    return post
  }

  /** Records how an attempt to post has ended. */
  posted(post: Post, outcome: Emulation.Outcome): void {
    this.#posting--
    const dialect = this.accounts.get(post.carrier)?.dialect
    if (dialect === undefined) return
    if (outcome._tag === "Answered") dialect.answered?.(post.webhook, outcome)
    const retry = dialect.retry(post.webhook, post.attempt, outcome)
    if (retry === undefined) return
    const webhook = retry.webhook ?? post.webhook
    // What went wrong with one attempt does not go wrong with the next.
    this.#send(retry.after, { carrier: post.carrier, webhook, attempt: post.attempt + 1, faults: [] })
  }

  /** Forgets everything but the credentials. */
  reset(): void {
    for (const account of this.accounts.values()) {
      account.messages.clear()
      account.records.clear()
    }
    this.people.clear()
    this.schedule.clear()
    this.files.clear()
    this.faults.clear()
    this.posts.clear()
    this.#uselessSteps = 0
  }
}
