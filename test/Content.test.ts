import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as Content from "../src/Content.ts"

const json = Schema.fromJsonString(Schema.toCodecJson(Content.Content))

const decodeJson = Schema.decodeUnknownEffect(Schema.toCodecJson(Content.Content))

/** Files without captions, as a carrier lists them. */
const File = Schema.Struct({ url: Schema.NonEmptyString, mimeType: Schema.optionalKey(Schema.NonEmptyString) })
const parts = { text: Schema.String, files: Schema.Array(File) }

const mediaOf = (files: ReadonlyArray<typeof File.Type>) => files.map((file) => new Content.MediaContent(file))

describe("Content", () => {
  it.effect.prop("round-trips through JSON", { content: Content.Content }, ({ content }) =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Schema.decodeEffect(json)(yield* Schema.encodeEffect(json)(content)), content)
    }), { arbitrary: { runs: 200 } })

  it.effect("refuses media without a URL and a composite without parts", () =>
    Effect.gen(function*() {
      for (
        const value of [
          { _tag: "MediaContent", url: "" },
          { _tag: "MediaContent" },
          { _tag: "CompositeContent", parts: [] },
          {
            _tag: "CompositeContent",
            parts: [{ _tag: "CompositeContent", parts: [{ _tag: "TextContent", text: "" }] }]
          },
          { _tag: "LocationContent", latitude: "45.5" },
          { _tag: "LocationContent" },
          { _tag: "FileContent" },
          { _tag: "LocationContent", latitude: Infinity },
          { _tag: "Content" }
        ]
      ) {
        const error = yield* Effect.flip(decodeJson(value))
        assert.strictEqual(error._tag, "SchemaError")
      }
    }))

  it.effect.prop(
    "says its text and shows its files once, in order",
    { content: Content.Content },
    ({ content }) =>
      Effect.sync(() => {
        const files = Content.media(content)
        assert.strictEqual(
          files.length,
          content._tag === "CompositeContent" ?
            content.parts.filter(({ _tag }) => _tag === "MediaContent").length :
            content._tag === "MediaContent"
            ? 1
            : 0
        )
        for (const { caption } of files) assert.include(Content.text(content), caption ?? "")
        const written = Content.parts(content).filter((part) => part._tag === "TextContent")
        const says = written.length < Content.parts(content).length || written.some(({ text }) => text !== "")
        assert.strictEqual(Content.isEmpty(content), !says)
        if (!says) assert.strictEqual(Content.text(content), "")
      })
  )
})

it("no object without a tag becomes a content by chance", () => {
  for (const fields of [{}, { text: 1 }, { other: "x" }]) {
    assert.throws(() =>
      new Content.CompositeContent({
        // @ts-expect-error no kind of content
        parts: [fields]
      })
    )
  }
})

describe("Content.fromParts", () => {
  it.effect.prop("loses no text and no file", parts, ({ files, text }) =>
    Effect.sync(() => {
      const content = Content.fromParts(text, mediaOf(files))
      assert.strictEqual(Content.text(content), text)
      assert.deepStrictEqual(
        Content.media(content).map(({ mimeType, url }) => ({ url, ...(mimeType !== undefined && { mimeType }) })),
        files.map((file) => ({ ...file }))
      )
      assert.strictEqual(Content.isEmpty(content), text === "" && files.length === 0)
    }))

  it.effect.prop("makes the simplest content that holds them", parts, ({ files, text }) =>
    Effect.sync(() => {
      const { _tag } = Content.fromParts(text, mediaOf(files))
      assert.strictEqual(_tag, ["TextContent", "MediaContent"][files.length] ?? "CompositeContent")
    }))

  it("puts text before files, and makes it the caption of a single file", () => {
    const [a, b] = mediaOf([{ url: "https://x.test/a", mimeType: "image/png" }, { url: "https://x.test/b" }])
    assert.deepStrictEqual(
      Content.fromParts("Hi", [a!]),
      new Content.MediaContent({ url: "https://x.test/a", mimeType: "image/png", caption: "Hi" })
    )
    assert.deepStrictEqual(
      Content.fromParts("Hi", [a!, b!]),
      new Content.CompositeContent({ parts: [new Content.TextContent({ text: "Hi" }), a!, b!] })
    )
    assert.deepStrictEqual(Content.fromParts("", [b!, a!]), new Content.CompositeContent({ parts: [b!, a!] }))
    assert.deepStrictEqual(Content.fromParts("", []), new Content.TextContent({ text: "" }))
  })

  it("keeps white space, which is text", () => {
    assert.strictEqual(Content.text(Content.fromParts(" \n ", [])), " \n ")
    assert.isFalse(Content.isEmpty(Content.fromParts(" ", [])))
  })
})

describe("Content.text", () => {
  it("of a place is its name and address, else its coordinates", () => {
    const place = { latitude: 45.5019, longitude: -73.5674 }
    const of = (fields: ConstructorParameters<typeof Content.LocationContent>[0]) =>
      Content.text(new Content.LocationContent(fields))
    assert.strictEqual(of({ ...place, label: "Town hall", address: "275 Notre-Dame" }), "Town hall, 275 Notre-Dame")
    assert.strictEqual(of({ ...place, address: "275 Notre-Dame" }), "275 Notre-Dame")
    assert.strictEqual(of({ label: "Town hall" }), "Town hall")
    assert.strictEqual(of(place), "45.5019,-73.5674")
    assert.strictEqual(of({ latitude: 0, longitude: 0 }), "0,0")
  })

  it("of a reply is what was chosen, of a contact what is on the card, of a file its caption or name", () => {
    assert.strictEqual(Content.text(new Content.ReplyContent({ text: "Yes", payload: "confirm-7" })), "Yes")
    assert.strictEqual(
      Content.text(
        new Content.ContactContent({
          name: "Ana",
          organization: "ACME",
          phones: ["+16505550111", "+16505550112"],
          emails: ["ana@example.com"]
        })
      ),
      "Ana, ACME, +16505550111, +16505550112, ana@example.com"
    )
    assert.strictEqual(Content.text(new Content.FileContent({ name: "a.pdf", caption: "The bill" })), "The bill")
    assert.strictEqual(Content.text(new Content.FileContent({ name: "a.pdf" })), "a.pdf")
  })

  it("of several parts has a line for each", () => {
    const place = new Content.LocationContent({ label: "Town hall" })
    const content = Content.fromParts("Here", [place, new Content.MediaContent({ url: "https://x.test/a" })])
    assert.strictEqual(Content.text(content), "Here\nTown hall")
    assert.lengthOf(Content.media(content), 1)
    assert.deepStrictEqual(Content.fromParts("", [place]), place)
  })
})
