/** The variables that a carrier lists are those that it reads. */
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect } from "effect"
import * as Carriers from "../../src/Carriers.ts"
import { prefixOf } from "../../src/http/ServerConfig.ts"
import { loaded } from "../../src/provider/Carrier.ts"
import { carrier as acme } from "../fifth-carrier/Carrier.ts"

/** Read for all carriers alike. */
const common = ["PUBLIC_URL", "SEND_LONG_TEXT", "SEND_SEVERAL_MEDIA"]

/** Where a variable is not free text. */
const values: Readonly<Record<string, string>> = {
  PUBLIC_URL: "https://sms.example.com",
  SEND_LONG_TEXT: "split",
  SEND_SEVERAL_MEDIA: "split",
  SINCH_VERIFICATION: "hmac-sha256",
  SINCH_REGION: "eu",
  SINCH_DELIVERY_REPORT: "full",
  TWILIO_ACCOUNT_SID: `AC${"0".repeat(32)}`,
  TWILIO_WEBHOOK_ACCOUNTS: `AC${"0".repeat(32)}`,
  TWILIO_API_KEY: `SK${"0".repeat(32)}`,
  TWILIO_MESSAGING_SERVICE_SID: `MG${"0".repeat(32)}`,
  TWILIO_REGION: "ie1",
  TELNYX_MESSAGING_PROFILE_ID: "16fd2706-8baf-433b-82eb-8c7fada847da",
  VOICEMEUP_FROM: "+15145550100",
  VOICEMEUP_VERIFICATION: "token",
  VOICEMEUP_ENVIRONMENT: "sandbox"
}

const valueOf = (name: string) => values[name] ?? (name.endsWith("_BASE_URL") ? "https://api.example.com" : "value")

/** An environment in which these are set, and the names that are asked for, each as often as it is. */
const recording = (variables: ReadonlyArray<string>) => {
  const asked: Array<string> = []
  const env = ConfigProvider.fromEnv({ env: Object.fromEntries(variables.map((name) => [name, valueOf(name)])) })
  const provider = ConfigProvider.make((path) => {
    asked.push(path.join("_"))
    return env.load(path)
  })
  return { asked, provider }
}

describe("the variables of a carrier", () => {
  it.effect.each([...Carriers.all, loaded(acme)])(
    "are those that it reads: $name",
    (carrier) =>
      Effect.gen(function*() {
        const { environment } = yield* carrier.load
        const { mediaCredentials, provider, sender, variables } = yield* environment
        const names = variables.map(({ name }) => name)
        assert.isAbove(names.length, 3)
        assert.deepStrictEqual([...new Set(names)], names)
        const { asked, provider: config } = recording([...names, ...common])
        const provide = Effect.provideService(ConfigProvider.ConfigProvider, config)

        assert.isDefined(yield* provide(provider))
        const optional = variables.filter(({ group, required }) => group === "sending" && required !== true)
        // Whether it is set is asked of each of them. An option that is read of it is one time more.
        for (const { name } of optional) assert.isAbove(asked.filter((other) => other === name).length, 1, name)

        assert.isDefined(yield* provide(sender))
        yield* provide(mediaCredentials)
        const read = new Set(asked.filter((name) => !common.includes(name)))
        assert.deepStrictEqual([...read].sort(), names.toSorted())
      })
  )

  it.effect.each([...Carriers.all, loaded(acme)])("begin with its name: $name", (carrier) =>
    Effect.gen(function*() {
      const { variables } = yield* Effect.flatMap(carrier.load, ({ environment }) => environment)
      for (const { name } of variables) assert.isTrue(name.startsWith(prefixOf(carrier)), name)
    }))

  it.effect.each([...Carriers.all, loaded(acme)])(
    "turn it on when the required ones are set: $name",
    (carrier) =>
      Effect.gen(function*() {
        const { provider, sender, variables } = yield* Effect.flatMap(carrier.load, ({ environment }) => environment)
        const required = variables.filter(({ required }) => required)
        const namesOf = (group: string) => required.filter((one) => one.group === group).map(({ name }) => name)
        const [receiving, sending] = [namesOf("receiving"), namesOf("sending")]
        const evaluate = (names: ReadonlyArray<string>) =>
          Effect.provideService(
            Effect.all([provider, sender]),
            ConfigProvider.ConfigProvider,
            recording(names).provider
          )
        assert.deepStrictEqual(yield* evaluate([]), [undefined, undefined])
        assert.deepStrictEqual((yield* evaluate(receiving)).map((layer) => layer !== undefined), [true, false])
        assert.deepStrictEqual(
          (yield* evaluate([...receiving, ...sending])).map((layer) => layer !== undefined),
          [true, true]
        )
        for (const missing of sending) {
          if (sending.length === 1) continue
          const error = yield* Effect.flip(evaluate([...receiving, ...sending].filter((name) => name !== missing)))
          assert.match(error.message, new RegExp(`^${missing} is missing: `))
        }
      })
  )
})
