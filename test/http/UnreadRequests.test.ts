/** Requests that cannot be read, at every endpoint: a problem that says why. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { authorized, get } from "./gateway.ts"
import { assertProblem, request } from "./server.ts"
import { layerStored } from "./storedGateway.ts"

const post = (target: string, body: string, headers = {}) =>
  request({ method: "POST", target, headers: { ...authorized, "content-type": "application/json", ...headers }, body })

const detailOf = ({ body }: { readonly body: string }): string => JSON.parse(body).detail

describe("a request that cannot be read", () => {
  it.live("is a problem that names the field, for operators too", () =>
    Effect.gen(function*() {
      const answers = {
        "/intents?limit=0": yield* get("/intents?limit=0"),
        "/intents?state=foo": yield* get("/intents?state=foo"),
        "/people/:address": yield* request({
          method: "DELETE",
          target: "/people/418-555-1234",
          headers: authorized,
          body: ""
        }),
        "/forwarding/resume": yield* post("/forwarding/resume", "{}"),
        "/forwarding/replay": yield* post("/forwarding/replay", "{}")
      }
      const fields = ["limit", "state", "address", "endpoint", "since"]
      for (const [index, [path, answer]] of Object.entries(answers).entries()) {
        const detail = detailOf(answer)
        assertProblem(answer, 400, detail)
        assert.match(detail, new RegExp(`^${fields[index]}: `), path)
      }
      for (const path of ["/forwarding/resume", "/forwarding/replay"]) {
        const answer = yield* post(path, "a=b", { "content-type": "application/x-www-form-urlencoded" })
        assertProblem(answer, 415, detailOf(answer))
        const broken = yield* post(path, "{")
        assertProblem(broken, 400, detailOf(broken))
      }
      // Without a body, its type does not matter.
      const headers = { "content-type": "application/x-www-form-urlencoded" }
      assertProblem(yield* post("/dead-letters/none/replay", "", headers), 404, "Unknown entry")
    }).pipe(Effect.provide(layerStored())))

  it.live("names an unknown parameter of a query, and the known ones", () =>
    Effect.gen(function*() {
      const answer = yield* get("/deliveries?state=accepted")
      assertProblem(answer, 400, detailOf(answer))
      assert.match(detailOf(answer), /^state: Unknown parameter: expected one of limit, cursor, number, .*status$/)
      assert.match(detailOf(yield* get("/statuses?limit=5")), /^limit: Unknown parameter: there are none$/)
      const targets = [
        "/messages",
        "/rooms",
        "/rooms/x/events",
        "/dead-letters",
        "/intents",
        "/intents/x",
        "/events",
        "/forwarding/events",
        "/forwarding/endpoints",
        "/messages/x"
      ]
      for (const target of targets) {
        const refused = yield* get(`${target}?nmber=1`)
        assertProblem(refused, 400, detailOf(refused))
        assert.match(detailOf(refused), /^nmber: Unknown parameter/, target)
      }
      // The name is the caller's.
      assert.isBelow(detailOf(yield* get(`/messages?${"x".repeat(5000)}=1`)).length, 300)
    }).pipe(Effect.provide(layerStored())))

  it.live("has a span of time to forward again with its zone, in order, and nothing else", () =>
    Effect.gen(function*() {
      const since = "2026-01-28T00:00:00Z"
      for (
        const [body, field] of [
          [{ since: "2026-01-28" }, "since"],
          [{ since: "2026-01-28T00:00:00" }, "since"],
          [{ since, until: "5" }, "until"],
          [{ since, untill: since }, "untill"],
          [{ since, until: "2026-01-27T23:59:59Z" }, "since"]
        ] as const
      ) {
        const answer = yield* post("/forwarding/replay", JSON.stringify(body))
        assertProblem(answer, 400, detailOf(answer))
        assert.match(detailOf(answer), new RegExp(`^${field}: `))
      }
      assert.strictEqual((yield* post("/forwarding/replay", JSON.stringify({ since }))).status, 404)
    }).pipe(Effect.provide(layerStored())))
})
