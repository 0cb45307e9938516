import { NodeCrypto, NodeHttpServer, NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer } from "effect"
import { HttpRouter } from "effect/http"
import * as DocsSite from "../../src/demo/DocsSite.ts"
import { exchange, head, parseAnswer } from "../http/server.ts"

const script = "document.documentElement.dataset.theme = \"os\""
const files = {
  "index.html": `<html><script defer src="assets/main.js"></script><script>${script}</script></html>`,
  "assets/main.js": "search()",
  "assets/style.css": "body {}",
  "modules/effect-sms.Address.html": "<html></html>",
  "media/phone.png": "a picture",
  "notes.txt": "not a part of the site",
  "a b.html": "<html></html>"
}

/** Serves a site of these files, beside a file that is outside of it. */
const serve = (written: Readonly<Record<string, string>>) =>
  Layer.unwrap(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const directory = yield* fs.makeTempDirectoryScoped()
    yield* fs.writeFileString(`${directory}/secret.html`, "secret")
    for (const [file, text] of Object.entries(written)) {
      const path = `${directory}/site/${file}`
      yield* fs.makeDirectory(path.slice(0, path.lastIndexOf("/")), { recursive: true })
      yield* fs.writeFileString(path, text)
    }
    return HttpRouter.serve(DocsSite.layer(`${directory}/site`), { disableLogger: true, disableListenLog: true })
  })).pipe(
    Layer.provideMerge(NodeHttpServer.layerTest),
    Layer.provide([NodeCrypto.layer, NodeServices.layer])
  )

const get = (path: string) =>
  Effect.map(exchange(head("GET", path, { host: "127.0.0.1", connection: "close" })), parseAnswer)

describe("the documentation site", () => {
  it.effect("is served with safe headers", () =>
    Effect.gen(function*() {
      const page = yield* get("/docs/site/index.html")
      assert.deepStrictEqual([page.status, page.body], [200, files["index.html"]])
      assert.strictEqual(page.headers["content-type"], "text/html; charset=utf-8")
      const policy = page.headers["content-security-policy"]!
      assert.match(policy, /^default-src 'none'; script-src 'self' 'sha256-[\w+/]{43}='; /)
      for (const part of ["connect-src 'self'", "frame-ancestors 'none'"]) assert.include(policy, part)
      const asset = yield* get("/docs/site/assets/main.js")
      assert.deepStrictEqual([asset.status, asset.body], [200, "search()"])
      assert.strictEqual(asset.headers["content-type"], "text/javascript; charset=utf-8")
      assert.strictEqual((yield* get("/docs/site/modules/effect-sms.Address.html")).status, 200)
      const picture = yield* get("/docs/site/media/phone.png")
      assert.deepStrictEqual([picture.status, picture.headers["content-type"]], [200, "image/png"])
      for (const path of ["/docs/site", "/docs/site/"]) {
        const entry = yield* get(path)
        assert.deepStrictEqual([entry.status, entry.headers["location"]], [302, "/docs/site/index.html"])
      }
    }).pipe(Effect.provide(serve(files))))

  it.effect("has no other file, whatever the path", () =>
    Effect.gen(function*() {
      const paths = [
        "/docs/site/notes.txt",
        "/docs/site/a b.html",
        "/docs/site/a%20b.html",
        "/docs/site/../secret.html",
        "/docs/site/%2e%2e/secret.html",
        "/docs/site/..%2fsecret.html",
        "/docs/site/assets/../../secret.html",
        "/docs/site/assets%2fmain.js/../../secret.html",
        "/docs/site//etc/passwd",
        "/docs/site/index.html%00.js"
      ]
      for (const path of paths) {
        const { body, status } = yield* get(path)
        assert.include([400, 404], status, path)
        assert.notInclude(body, "secret", path)
      }
    }).pipe(Effect.provide(serve(files))))

  it.effect("is not served before it is built", () =>
    Effect.gen(function*() {
      for (const path of ["/docs/site", "/docs/site/", "/docs/site/index.html"]) {
        assert.strictEqual((yield* get(path)).status, 404)
      }
    }).pipe(Effect.provide(serve({}))))
})
