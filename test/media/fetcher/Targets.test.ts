import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import * as MediaFetcher from "../../../src/media/MediaFetcher.ts"
import { fetchAll, fetcherOf, jpeg, reasonOf, serve, tagOf } from "./hosts.ts"

const redirectTo = (location: string | undefined, status = 302) =>
  serve((_, response) => response.writeHead(status, location === undefined ? {} : { location }).end())

const image = serve((_, response) => response.end(jpeg()))

describe("the URL of a file", () => {
  it.effect.each(
    [
      ["no URL", "not a url", "InvalidUrl"],
      ["no absolute URL", "/file/1.jpg", "InvalidUrl"],
      ["http", "http://api.twilio.com/1", "InvalidUrl"],
      ["another scheme", "file:///etc/passwd", "InvalidUrl"],
      ["a scheme that holds the bytes", "data:image/png;base64,AAAA", "InvalidUrl"],
      ["another port", "https://api.twilio.com:8443/1", "InvalidUrl"],
      ["a user and a password", "https://user:pass@api.twilio.com/1", "InvalidUrl"],
      ["a user alone, which looks like the host", "https://api.twilio.com@evil.example/1", "InvalidUrl"],
      ["too many characters", `https://api.twilio.com/${"a".repeat(9000)}`, "InvalidUrl"],
      ["an IPv6 zone", "https://[fe80::1%25eth0]/1", "InvalidUrl"],
      ["a tab in the host", "https://api.twi\tlio.com/1", "InvalidUrl"],
      ["a tab in the path", "https://api.twilio.com/1\t2", "InvalidUrl"],
      ["a line break", "https://api.twilio.com/1\r\n", "InvalidUrl"],
      ["blanks around it", " https://api.twilio.com/1 ", "InvalidUrl"],
      ["a host that is not listed", "https://evil.example/1", "HostNotAllowed"],
      ["a host that ends as one that is listed", "https://evilapi.twilio.com/1", "HostNotAllowed"],
      ["a host that begins as one that is listed", "https://api.twilio.com.evil.example/1", "HostNotAllowed"],
      ["a dot after the host", "https://api.twilio.com./1", "HostNotAllowed"],
      ["a host that is listed for redirects only", "https://mms.twiliocdn.com/1", "HostNotAllowed"],
      ["a public address", "https://8.8.8.8/1", "HostNotAllowed"],
      ["a decimal address", "https://2130706433/1", "PrivateAddress"],
      ["an octal address", "https://0177.0.0.1/1", "PrivateAddress"],
      ["a hexadecimal address", "https://0x7f000001/1", "PrivateAddress"],
      ["a short address", "https://127.1/1", "PrivateAddress"],
      ["an address with a dot at its end", "https://127.0.0.1./1", "PrivateAddress"],
      ["an address of full-width digits", "https://１２７.0.0.1/1", "PrivateAddress"],
      ["an IPv4-mapped address", "https://[::ffff:7f00:1]/1", "PrivateAddress"],
      ["the metadata service", "http://169.254.169.254/latest/meta-data/", "PrivateAddress"],
      ["the metadata service over IPv6", "https://[fd00:ec2::254]/latest/meta-data/", "PrivateAddress"]
    ] as const
  )("is refused: %s", ([, url, tag]) =>
    Effect.gen(function*() {
      const fetcher = yield* fetcherOf([])
      assert.strictEqual(yield* tagOf(fetcher, url), tag)
    }))

  it.effect("is refused with an address that is not public although somebody listed it", () =>
    Effect.gen(function*() {
      const fetcher = yield* fetcherOf([], { hosts: ["127.0.0.1", "[::1]", "10.0.0.1"] })
      for (const host of ["127.0.0.1", "2130706433", "[::1]", "10.1"]) {
        assert.strictEqual(yield* tagOf(fetcher, `https://${host}/1`), "PrivateAddress")
      }
    }))

  it.effect("is named by its host at most when it is refused", () =>
    Effect.gen(function*() {
      const fetcher = yield* fetcherOf([])
      const reason = yield* reasonOf(fetcher, "https://evil.example/secret?token=1")
      assert.notInclude(JSON.stringify(reason) + reason.message, "secret")
    }))

  it.effect("is handled by its host, in any case, also below a listed name", () =>
    Effect.gen(function*() {
      const { handles } = yield* fetcherOf([])
      assert.isTrue(handles("https://clients.voicemeup.com/file/00aa11bb.mms.jpg"))
      assert.isTrue(handles("https://API.Twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1"))
      for (const url of ["https://example.com/1", "https://mms.twiliocdn.com/1", "nonsense", ""]) {
        assert.isFalse(handles(url))
      }
      const below = yield* fetcherOf([], { hosts: ["*.Example.com", "BÜCHER.example"] })
      assert.isTrue(below.handles("https://a.b.example.com/1"))
      assert.isTrue(below.handles("https://xn--bcher-kva.example/1"))
      for (const url of ["https://example.com/1", "https://badexample.com/1"]) assert.isFalse(below.handles(url))
    }))
})

describe("a redirect", () => {
  it.effect.each([301, 302, 303, 307, 308])("with status %d is followed with GET", (status) =>
    Effect.gen(function*() {
      const second = yield* image
      const first = yield* redirectTo(`${second.url}/there?x=1`, status)
      const fetcher = yield* fetcherOf([first, second])
      const { bytes, contentType } = yield* fetchAll(fetcher, `${first.url}/here`)
      assert.strictEqual(contentType, "image/jpeg")
      assert.isTrue(bytes.equals(jpeg()))
      assert.deepStrictEqual(second.requests.map(({ path }) => path), ["/there?x=1"])
    }))

  it.effect("may be relative", () =>
    Effect.gen(function*() {
      const host = yield* serve((request, response) =>
        request.url === "/a/b"
          ? response.writeHead(302, { location: "../c" }).end()
          : response.end(jpeg())
      )
      const fetcher = yield* fetcherOf([host])
      yield* fetchAll(fetcher, `${host.url}/a/b`)
      assert.deepStrictEqual(host.requests.map(({ path }) => path), ["/a/b", "/c"])
    }))

  it.effect.each([
    ["to this machine", "https://127.0.0.1/", "PrivateAddress"],
    ["to this machine by a decimal address", "https://2130706433/", "PrivateAddress"],
    ["to this machine by an IPv4-mapped address", "https://[::ffff:127.0.0.1]/", "PrivateAddress"],
    ["to the metadata service", "http://169.254.169.254/latest/meta-data/", "PrivateAddress"],
    ["to the metadata service without a scheme", "//169.254.169.254/latest/", "PrivateAddress"],
    ["to http", "http://mms.twiliocdn.com/1", "InvalidUrl"],
    ["to another port", "https://mms.twiliocdn.com:8443/1", "InvalidUrl"],
    ["to a URL with credentials", "https://user:pass@mms.twiliocdn.com/1", "InvalidUrl"],
    ["to a file", "file:///etc/passwd", "InvalidUrl"],
    ["to a host that is not listed", "https://evil.example/1", "HostNotAllowed"],
    ["to no URL", "https://", "InvalidUrl"],
    ["without a target", undefined, "TooManyRedirects"]
  ])("is refused: %s", ([, location, tag]) =>
    Effect.gen(function*() {
      const host = yield* redirectTo(location)
      const fetcher = yield* fetcherOf([host])
      const reason = yield* reasonOf(fetcher, host.url)
      assert.strictEqual(reason._tag, tag)
      if (reason._tag === "HostNotAllowed") assert.isTrue(reason.redirected)
    }))

  it.effect("with two targets is refused", () =>
    Effect.gen(function*() {
      const host = yield* serve((_, response) =>
        response.writeHead(302, ["location", "https://mms.twiliocdn.com/1", "location", "https://evil.example/"]).end()
      )
      const fetcher = yield* fetcherOf([host])
      assert.strictEqual(yield* tagOf(fetcher, host.url), "TooManyRedirects")
    }))

  it.effect("in a loop ends at the limit", () =>
    Effect.gen(function*() {
      const host = yield* redirectTo("/again")
      const fetcher = yield* fetcherOf([host], { maxRedirects: 2 })
      const reason = yield* reasonOf(fetcher, `${host.url}/again`)
      assert.strictEqual(reason._tag, "TooManyRedirects")
      assert.lengthOf(host.requests, 3)
    }))

  it.effect("may come as often as the limit says, and not once more", () =>
    Effect.gen(function*() {
      const host = yield* serve((request, response) => {
        const left = Number(request.url?.slice(1))
        return left === 0 ? response.end(jpeg()) : response.writeHead(302, { location: `/${left - 1}` }).end()
      })
      const fetcher = yield* fetcherOf([host])
      assert.strictEqual((yield* fetchAll(fetcher, `${host.url}/3`)).contentType, "image/jpeg")
      assert.strictEqual(yield* tagOf(fetcher, `${host.url}/4`), "TooManyRedirects")
    }))
})

describe("credentials", () => {
  const password = Redacted.make("secret")

  it.effect("go to the host that they are for, and stay on the way within it", () =>
    Effect.gen(function*() {
      const host = yield* serve((request, response) =>
        request.url === "/1" ? response.writeHead(302, { location: "/2" }).end() : response.end(jpeg())
      )
      const fetcher = yield* fetcherOf([host], { credentials: { [host.name]: MediaFetcher.basic("SK1", password) } })
      yield* fetchAll(fetcher, `${host.url}/1`)
      const sent = `Basic ${btoa("SK1:secret")}`
      assert.deepStrictEqual(host.requests.map(({ headers }) => headers.authorization), [sent, sent])
    }))

  it.effect("are lost on the way to another port, and do not come back", () =>
    Effect.gen(function*() {
      const back = { url: "" }
      const second = yield* serve((_, response) => response.writeHead(302, { location: `${back.url}/3` }).end())
      const first = yield* serve((request, response) =>
        request.url === "/1"
          ? response.writeHead(307, { location: `${second.url}/2` }).end()
          : response.end(jpeg())
      )
      back.url = first.url
      const token = MediaFetcher.bearer(Redacted.make("key"))
      const fetcher = yield* fetcherOf([first, second], { credentials: { [first.name]: token, [second.name]: token } })
      yield* fetchAll(fetcher, `${first.url}/1`)
      assert.deepStrictEqual(first.requests.map(({ headers }) => headers.authorization), ["Bearer key", undefined])
      assert.deepStrictEqual(second.requests.map(({ headers }) => headers.authorization), [undefined])
    }))

  it.effect("are lost on the way to another name of the same machine", () =>
    Effect.gen(function*() {
      const host = yield* serve((request, response) =>
        request.url === "/1"
          ? response.writeHead(302, { location: `http://localhost:${host.port}/2` }).end()
          : response.end(jpeg())
      )
      const fetcher = yield* fetcherOf([host, { ...host, name: `localhost:${host.port}` }], {
        credentials: { [host.name]: MediaFetcher.basic("SK1", password) }
      }, () => Effect.succeed(["127.0.0.1"]))
      yield* fetchAll(fetcher, `${host.url}/1`)
      assert.isUndefined(host.requests[1]?.headers.authorization)
    }))

  it.effect("of one host go to no other", () =>
    Effect.gen(function*() {
      const host = yield* image
      const fetcher = yield* fetcherOf([host], {
        credentials: {
          "127.0.0.1": MediaFetcher.basic("SK1", password),
          "api.twilio.com": MediaFetcher.bearer(password)
        }
      })
      yield* fetchAll(fetcher, host.url)
      const [sent] = host.requests
      assert.deepStrictEqual(Object.keys(sent?.headers ?? {}).sort(), [
        "accept",
        "accept-encoding",
        "connection",
        "host",
        "user-agent"
      ])
      assert.strictEqual(sent?.headers["accept-encoding"], "identity")
    }))
})
