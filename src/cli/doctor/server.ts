/**
 * Checks the server that runs here, its token, and that the public URL leads to
 * it.
 */
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Option from "effect/Option"
import type { Examination } from "../../http/internal/examination.ts"
import * as OperationsClient from "../../http/OperationsClient.ts"
import { isPayload } from "../../Payload.ts"
import * as Finding from "./Finding.ts"

/** The number of requests to a server, which may be several processes. */
const probes = 8

const timeout = "5 seconds"

/** What a URL answers. */
export type Answer =
  /** A server of effect-sms, with the marks of its processes as far as they are known. */
  | { readonly _tag: "Live"; readonly processes: ReadonlySet<string> }
  | { readonly _tag: "Other"; readonly status: number }
  /** Nothing: `reason` may be the code of the error. */
  | { readonly _tag: "None"; readonly reason: string }

/** The ids of requests begin with the mark of the process. A proxy may have put others in their place. */
const processOf = (requestId: string | undefined): string | undefined =>
  /^([\da-f]{8})-[\da-z]+$/.exec(requestId ?? "")?.[1]

const codeOf = (error: unknown): string | undefined => {
  for (let cause = error; typeof cause === "object" && cause !== null;) {
    if ("code" in cause && typeof cause.code === "string") return cause.code
    cause = "cause" in cause ? cause.cause : undefined
  }
  return undefined
}

const isLive = (body: unknown): boolean => isPayload(body) && body["status"] === "live"

const get = Effect.fnUntraced(function*(base: string) {
  const response = yield* HttpClient.get(`${base.replace(/\/+$/, "")}/health/live`)
  const body = yield* Effect.orElseSucceed(response.json, () => undefined)
  return { status: response.status, body, process: processOf(response.headers["x-request-id"]) }
})

/** Asks a URL whether a server of effect-sms answers there, and which process. */
export const probe = Effect.fnUntraced(function*(base: string) {
  const first = yield* Effect.result(Effect.timeout(get(base), timeout))
  if (first._tag === "Failure") {
    const { failure } = first
    const reason = failure._tag === "TimeoutError" ? "timeout" : codeOf(failure) ?? "connection failed"
    return { _tag: "None", reason } satisfies Answer
  }
  const { body, status } = first.success
  if (status !== 200 || !isLive(body)) return { _tag: "Other", status } satisfies Answer
  // At the same time, because one connection leads to one process.
  const others = yield* Effect.all(
    Array.from({ length: probes - 1 }, () => Effect.option(Effect.timeout(get(base), timeout))),
    { concurrency: "unbounded" }
  )
  const processes = [first.success, ...others.flatMap(Option.toArray)].flatMap(({ process }) => process ?? [])
  return { _tag: "Live", processes: new Set(processes) } satisfies Answer
})

/** Returns where the server of this configuration listens on this machine. */
export const localUrl = ({ config }: Examination): string => {
  const { host = "", port = 3000 } = config ?? {}
  const local = ["", "0.0.0.0", "::", "localhost"].includes(host) ? "127.0.0.1" : host
  return `http://${local.includes(":") ? `[${local}]` : local}:${port}`
}

/** Checks the server and whether it takes the admin token. */
export const server = Effect.fnUntraced(function*({ config }: Examination, url: string, answer: Answer) {
  const check = "server"
  if (answer._tag === "None") {
    return [
      Finding.skipped(check, `None answers at ${url} (${answer.reason})`, "Start it, or name its address with --url")
    ]
  }
  if (answer._tag === "Other") {
    const message = `${url} answers with status ${answer.status}, and is no server of effect-sms`
    return [Finding.failure(check, message, "End what listens there, or set PORT, or name another address with --url")]
  }
  const token = config?.server.adminToken
  if (token === undefined) {
    return [
      Finding.ok(check, `It runs at ${url}`),
      Finding.warning("token", "ADMIN_TOKEN is not set", "Without a token, messages cannot be sent or listed over HTTP")
    ]
  }
  const client = yield* OperationsClient.make({ baseUrl: url, token })
  const result = yield* Effect.result(Effect.timeout(client.intents({ query: { limit: 1 } }), timeout))
  const status = result._tag === "Success" ? 200 : "status" in result.failure ? result.failure.status : undefined
  return [
    Finding.ok(check, `It runs at ${url}`),
    status === 200
      ? Finding.ok("token", "The server takes ADMIN_TOKEN")
      : status === 401
      ? Finding.failure("token", "The server does not know ADMIN_TOKEN", "Restart it with this one")
      : Finding.failure("token", `The server answers a request with ADMIN_TOKEN with ${status ?? "no response"}`)
  ]
})

const sharesProcess = (one: Answer, other: Answer): boolean =>
  one._tag === "Live" && other._tag === "Live" && [...one.processes].some((process) => other.processes.has(process))

/** Checks that a public URL leads to the server. */
export const publicUrl = (url: string, answer: Answer, local: Answer): Finding.Finding => {
  const check = "PUBLIC_URL"
  const advice = "Check its name, its proxy and its certificate"
  switch (answer._tag) {
    case "None":
      return local._tag === "Live"
        ? Finding.failure(check, `${url} does not answer from this machine (${answer.reason})`, advice)
        : Finding.warning(
          check,
          `${url} does not answer (${answer.reason}), and no server runs here`,
          "Start the server"
        )
    case "Other":
      return local._tag === "Live"
        ? Finding.failure(check, `${url} answers with status ${answer.status}, and not as this server does`, advice)
        : Finding.warning(
          check,
          `${url} answers with status ${answer.status}, and no server runs here`,
          "Start the server"
        )
    case "Live":
      if (sharesProcess(answer, local)) return Finding.ok(check, `${url} leads to this server`)
      return local._tag === "Live"
        ? Finding.warning(
          check,
          `${url} leads to a server of effect-sms, but perhaps to another one`,
          "Several may share it"
        )
        : Finding.ok(check, `${url} leads to a server of effect-sms. None runs here to compare it with`)
  }
}
