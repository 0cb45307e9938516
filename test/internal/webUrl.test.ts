import { assert, describe, it } from "@effect/vitest"
import * as WebUrl from "../../src/internal/webUrl.ts"

describe("a URL that is passed on as it is written", () => {
  it.each([
    "https://example.com",
    "http://example.com/a%20b.png?x=1#y",
    "HTTPS://Example.com/",
    "https://[2001:db8::1]:8443/a",
    "https://bücher.example/ü"
  ])("is http or https: %s", (url) => assert.strictEqual(WebUrl.parse(url)?.href, new URL(url).href))

  it.each([
    "https://exam\tple.com/a",
    "https://example.com/a\tb",
    "https://example.com/a\nb",
    "https://example.com/a b",
    "https://example.com/a\0",
    "https://example.com/a\x7f",
    " https://example.com/a",
    "https://example.com/a\r\n",
    "ht\ttps://example.com/a",
    "https:example.com",
    "https:/example.com",
    "https:\\\\example.com",
    "https:///example.com",
    "https://",
    "https://example.com:99999/",
    "ftp://example.com/a",
    "javascript:alert(1)",
    "/a",
    ""
  ])("is no other text: %j", (url) => assert.isUndefined(WebUrl.parse(url)))
})
