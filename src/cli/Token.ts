/**
 * The command `effect-sms token`: makes a bearer token for the server.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { generate, Scope, Token } from "../http/Tokens.ts"
import * as NodeCrypto from "../NodeCrypto.ts"

const flags = {
  name: Argument.String("name").pipe(
    Argument.withSchema(Token.fields.name),
    Argument.withDescription("The name of the token in the log")
  ),
  scopes: Flag.Literals("scope", Scope.literals).pipe(
    Flag.withDescription("What the token may do. Repeat the flag for several scopes"),
    Flag.atLeast(1)
  ),
  requestsPerMinute: Flag.Int("requests-per-minute").pipe(
    Flag.withSchema(Token.fields.requestsPerMinute.schema),
    Flag.withDescription("The maximum number of requests in any minute. 600 by default"),
    Flag.optional
  ),
  json: Flag.Boolean("json").pipe(
    Flag.withDescription("Print the secret and the entry as JSON"),
    Flag.withDefault(false)
  )
}

const encode = Schema.encodeSync(Token)

export const command = Command.make(
  "token",
  flags,
  Effect.fnUntraced(
    function*({ json, name, requestsPerMinute, scopes }) {
      const [first, ...others] = new Set(scopes)
      const { secret, token } = yield* generate(name, [first!, ...others])
      const entry = encode(
        new Token({
          ...token,
          ...Option.match(requestsPerMinute, {
            onNone: () => ({}),
            onSome: (requestsPerMinute) => ({ requestsPerMinute })
          })
        })
      )
      if (json) return yield* Console.log(JSON.stringify({ secret: Redacted.value(secret), token: entry }))
      yield* Console.log(`The token, which is shown only now:

  ${Redacted.value(secret)}

Its entry in the list of TOKENS or TOKENS_FILE, which has only its SHA-256:

  ${JSON.stringify(entry)}`)
    },
    Effect.provide(NodeCrypto.layer),
    Effect.orDie
  )
).pipe(
  Command.withDescription(
    `Makes a bearer token with a name and scopes, and prints its secret once:

read: reads rooms, messages, deliveries and metrics
send: sends messages
operate: decides about dead letters and sends with an unknown outcome, and deletes personal data`
  ),
  Command.withShortDescription("Makes a bearer token for the server")
)
