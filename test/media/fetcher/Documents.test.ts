/**
 * Types that an operator adds to the list. The order of entries is that of
 * Microsoft Office (`[Content_Types].xml`), Google Docs (`_rels/.rels`),
 * LibreOffice and EPUB (`mimetype`, uncompressed).
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as TypeRules from "../../../src/media/internal/typeRules.ts"
import { defaultTypes } from "../../../src/media/MediaFetcher.ts"
import { allowed, refused } from "./files.ts"
import { fetchAll, fetcherOf, reasonOf, serve } from "./hosts.ts"

const office = "application/vnd.openxmlformats-officedocument"
const docx = `${office}.wordprocessingml.document`
const xlsx = `${office}.spreadsheetml.sheet`
const pptx = `${office}.presentationml.presentation`
const odt = "application/vnd.oasis.opendocument.text"
const ods = "application/vnd.oasis.opendocument.spreadsheet"

const documents = [
  docx,
  xlsx,
  pptx,
  odt,
  ods,
  "application/epub+zip",
  "application/msword",
  "application/vnd.ms-excel",
  "application/rtf",
  "text/plain",
  "text/csv",
  "text/tab-separated-values",
  "application/json",
  "text/calendar",
  "text/html",
  "text/javascript",
  "image/svg+xml"
]

const types = new Set([...defaultTypes, ...documents])

const check = (bytes: Uint8Array, ...declared: ReadonlyArray<string>) =>
  TypeRules.check(bytes, { declared, isAllowed: (type) => types.has(type) })

/** A ZIP file whose first entry has this name and uncompressed content. */
const zip = (name: string, content = "") => {
  const header = Buffer.alloc(30)
  header.writeUInt32LE(0x04034b50, 0)
  header.writeUInt16LE(20, 4)
  header.writeUInt16LE(name.length, 26)
  return Buffer.concat([header, Buffer.from(name + content), Buffer.alloc(200)])
}

const ole = Buffer.concat([Buffer.from("d0cf11e0a1b11ae1", "hex"), Buffer.alloc(600)])
const csv = Buffer.from("name;phone\r\nAna;+15145550142\r\n")
const json = Buffer.from("{\"a\": \"<3\"}")

describe("a document whose type is listed", () => {
  it.effect.each(
    [
      ["a document of Word", zip("[Content_Types].xml"), [docx], docx],
      ["a document of Word that begins with its text", zip("word/document.xml"), [docx], docx],
      ["a document of Google Docs", zip("_rels/.rels"), [docx, "application/octet-stream"], docx],
      ["a sheet of Excel", zip("xl/workbook.xml"), ["", xlsx], xlsx],
      ["slides", zip("docProps/app.xml"), [pptx, "binary/octet-stream"], pptx],
      ["a document that is encrypted", ole, [docx], docx],
      ["a document of LibreOffice", zip("mimetype", odt), [odt], odt],
      ["a book", zip("mimetype", "application/epub+zip"), ["application/epub+zip"], "application/epub+zip"],
      ["a document of Word 97", ole, ["application/msword"], "application/msword"],
      ["a sheet of Excel 97", ole, ["application/vnd.ms-excel; charset=binary"], "application/vnd.ms-excel"],
      ["rich text", Buffer.from("{\\rtf1\\ansi hello}"), ["text/rtf"], "application/rtf"],
      ["a table", csv, ["text/csv"], "text/csv"],
      ["a table by another name", csv, ["text/comma-separated-values"], "text/csv"],
      ["a table that the host calls text", csv, ["text/csv", "text/plain"], "text/csv"],
      [
        "a table of Excel on Windows",
        Buffer.from("nom;pr\u00e9nom\r\n", "latin1"),
        ["text/csv; header=present"],
        "text/csv"
      ],
      [
        "a table in UTF-16",
        Buffer.from("\ufeffa\tb\r\n", "utf16le"),
        ["text/tab-separated-values"],
        "text/tab-separated-values"
      ],
      ["a table whose first letters are the signature of a bitmap", Buffer.from("BMW;1\n"), ["text/csv"], "text/csv"],
      ["a table whose first letters are those of a ZIP file", Buffer.from("PKW;1\n"), ["text/csv"], "text/csv"],
      ["text", Buffer.from("hello"), ["text/plain; charset=utf-8"], "text/plain"],
      ["text of which nothing is said", Buffer.from("\ufeffa < b\n"), ["application/octet-stream"], "text/plain"],
      ["text in many scripts", Buffer.from("Привет, 世界 😀"), ["text/plain"], "text/plain"],
      ["JSON", json, ["application/json"], "application/json"],
      ["a calendar", refused["a calendar"], ["text/calendar"], "text/calendar"],
      ["a picture that the host calls text", allowed["image/png"], ["text/plain"], "image/png"]
    ] as const
  )("is stored as what it is: %s", ([, bytes, declared, expected]) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* check(bytes, ...declared), expected)
      // By default, none of them is.
      const outcome = yield* Effect.result(
        TypeRules.check(bytes, { declared, isAllowed: (type) => defaultTypes.includes(type) })
      )
      assert.strictEqual(outcome._tag, expected === "image/png" ? "Success" : "Failure")
    }))

  it.effect.each(
    [
      ["HTML as text", refused.HTML, ["text/plain"]],
      ["HTML as HTML", refused.HTML, ["text/html"]],
      ["HTML as a table", refused["HTML after spaces"], ["text/csv"]],
      ["HTML after a byte order mark", Buffer.from("\ufeff<p>x"), ["text/plain"]],
      ["HTML in UTF-16", Buffer.from("\ufeff<script>alert(1)</script>", "utf16le"), ["text/plain"]],
      ["HTML in a cell", Buffer.from("a;b\n1;<ScRiPt src=//evil.example></script>"), ["text/csv"]],
      ["a frame in a cell", Buffer.from("a;b\n1;<iframe\nsrc=x>"), ["text/csv"]],
      ["HTML that nothing is said of", refused.HTML, []],
      ["SVG as text", refused.SVG, ["text/plain"]],
      ["SVG as a picture", refused.SVG, ["image/svg+xml"]],
      ["XML as text", refused.XML, ["text/plain"]],
      ["a script by its type", Buffer.from("alert(1)"), ["text/javascript"]],
      ["text that the host calls HTML", csv, ["text/csv", "text/html"]],
      ["text as a picture", csv, ["image/jpeg"]],
      ["text as a document", csv, [docx]],
      ["text as a card", csv, ["text/vcard"]],
      ["bytes as text", Buffer.from([0x61, 0, 0x62]), ["text/plain"]],
      ["a program as a table", refused["a program"], ["text/csv"]],
      ["a picture as a table", allowed["image/png"], ["text/csv"]],
      ["PDF as text", allowed["application/pdf"], ["text/csv"]],
      ["nothing", Buffer.alloc(0), ["text/plain"]],
      ["an archive as a document", zip("evil.exe"), [docx]],
      ["an archive as a document of LibreOffice", zip("evil.exe"), [odt]],
      ["an archive as text", zip("a.txt"), ["text/plain"]],
      ["an archive that nothing is said of", zip("[Content_Types].xml"), []],
      ["a sheet as a document", zip("xl/workbook.xml"), [docx]],
      ["a document as a sheet", zip("mimetype", odt), [ods]],
      ["a document that the host calls a picture", zip("word/document.xml"), [docx, "image/png"]],
      ["OLE as a sheet of LibreOffice", ole, [ods]],
      ["a document whose type is not listed", ole, ["application/vnd.ms-powerpoint"]]
    ] as const
  )("is refused when the bytes say otherwise: %s", ([, bytes, declared]) =>
    Effect.gen(function*() {
      assert.strictEqual((yield* Effect.flip(check(bytes, ...declared)))._tag, "TypeNotAllowed")
    }))

  it.effect("comes from the host with the type that it declares", () =>
    Effect.gen(function*() {
      const host = yield* serve((request, response) => {
        const bytes = request.url === "/page" ? refused.HTML : csv
        response.writeHead(200, { "content-type": "text/csv; charset=utf-8" }).end(bytes)
      })
      const fetcher = yield* fetcherOf([host], { allowedTypes: ["text/csv"] })
      assert.strictEqual((yield* fetchAll(fetcher, `${host.url}/table`)).contentType, "text/csv")
      assert.deepInclude(yield* reasonOf(fetcher, `${host.url}/page`), { _tag: "TypeNotAllowed", declared: "text/csv" })
    }))
})
