import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { BinaryContent, TextContent } from "../../src/Content.ts"
import { basic, extension } from "../../src/internal/gsm7.ts"
import * as UserData from "../../src/internal/userData.ts"
import { contentOf } from "../../src/internal/userDataContent.ts"
import { base64, header16, header8, latin1, pack, septetsOf, ucs2 } from "../userData.ts"

const western = [
  "Hello World",
  "STOP",
  "Do you deliver on Saturday? It costs 5 to 7, at most.",
  "ÇA VA TRÈS BIEN",
  "été à la plage, café",
  "OK 12:30",
  "Grüße aus München, schöne Füße",
  "¿Dónde está el niño?",
  "user@example.com",
  "https://example.com/a?b=1"
]

const others = [
  "Привет, мир",
  "你好",
  "你好吗?",
  "こんにちは",
  "日本語テキスト。",
  "안녕하세요",
  "שלום",
  "مرحبا",
  "สวัสดี",
  "नमस्ते",
  "Γειά σου",
  "😀",
  "Hello 😀"
]

const inGsm = western.map((text) => text.replaceAll("È", "É").replaceAll(/[áíóúâê]/g, "a"))
const udh = header8(0xcc, 2, 1)
const one = (bytes: Uint8Array, header: string | undefined = udh) => UserData.textOf([{ header, data: base64(bytes) }])

describe("a text", () => {
  it.each(inGsm)("in packed GSM-7 is read: %s", (text) => {
    // The header of six octets leaves one bit, that of seven none.
    assert.strictEqual(one(pack(septetsOf(text), 1)), text)
    assert.strictEqual(one(pack(septetsOf(text), 0), header16(0xabcd, 2, 1)), text)
  })

  it.each(inGsm)("in GSM-7 with a septet an octet is read: %s", (text) => {
    assert.strictEqual(one(Uint8Array.from(septetsOf(text))), text)
  })

  it.each([...western, ...others])("in UCS-2 and in UTF-8 is read: %s", (text) => {
    assert.strictEqual(one(ucs2(text)), text)
    assert.strictEqual(one(new TextEncoder().encode(text)), text)
  })

  it.each(western)("in Latin-1 is read: %s", (text) => {
    assert.strictEqual(one(latin1(text)), text)
  })

  it("divided into parts anywhere is read, in whatever alphabet", () => {
    const words = fc.array(fc.constantFrom(..."the quick brown fox jumps over lazy dogs and café à".split(" ")), {
      minLength: 4,
      maxLength: 60
    }).map((words) => words.join(" "))
    const encodings = {
      packed: (text: string) => pack(septetsOf(text), 1),
      latin1,
      ucs2,
      utf8: (text: string) => new TextEncoder().encode(text)
    }
    fc.assert(
      fc.property(
        words,
        fc.integer({ min: 1, max: 153 }),
        fc.constantFrom(...Object.values(encodings)),
        (text, size, encode) => {
          const total = Math.ceil(text.length / size)
          const parts = Array.from({ length: total }, (_, index) => ({
            header: header8(7, total, index + 1),
            data: base64(encode(text.slice(index * size, (index + 1) * size)))
          }))
          assert.strictEqual(UserData.textOf(parts), text)
        }
      ),
      { numRuns: 300 }
    )
  })

  it("has all characters of the alphabet, also those of two septets", () => {
    const all = `${basic}${extension}`.replaceAll(/[\f\r]/g, "")
    const text = `${"all the letters of the alphabet and then some more of them ".repeat(8)}${all}`
    assert.strictEqual(one(pack(septetsOf(text), 1)), text)
  })

  it("keeps the @ that ends a full part, which elsewhere is filling", () => {
    const text = `${"write to somebody ".repeat(9).slice(0, 152)}@`
    assert.strictEqual(one(pack(septetsOf(text), 1)), text)
    assert.strictEqual(one(pack(septetsOf("hi there"), 1)), "hi there")
  })

  it("in UCS-2 whose surrogate pair is divided between parts is whole", () => {
    const [first, second] = [ucs2("Hello 😀").subarray(0, 14), ucs2("Hello 😀").subarray(14)]
    assert.strictEqual(
      UserData.textOf([{ header: udh, data: base64(first) }, { header: header8(0xcc, 2, 2), data: base64(second) }]),
      "Hello 😀"
    )
  })
})

describe("a few bytes", () => {
  const answers = ["1", "?", "Hi", "ok", "No!", "\n", "@", "$5", "ñ", "ß", "éàü", "€", "是", "好", "👍", "❤\uFE0F", "Å"]
  const encodings = { ucs2, utf8: (text: string) => new TextEncoder().encode(text), latin1 }

  it.each(answers)("are the answer that they are, or no text: %j", (text) => {
    for (const [name, encode] of Object.entries(encodings)) {
      if (name === "latin1" && !/^[\0-\xFF]*$/.test(text)) continue
      assert.include([text, undefined], one(encode(text)), name)
    }
    assert.strictEqual(one(encodings.utf8(text)), text)
  })

  it.each(["1", "?", "@", "$5", "ñ", "ß", "éàü", "Å", "👍", "\n"])(
    "in UCS-2 are read where nothing else has them: %j",
    (text) => {
      assert.strictEqual(one(ucs2(text)), text)
    }
  )

  it("that are packed are no text: they are a syllable of Hangul as well", () => {
    for (const text of ["Hi", "ok", "€"]) assert.isUndefined(one(pack(septetsOf(text), 0)), text)
  })
})

describe("bytes", () => {
  it.each(["89504e470d0a1a0a", "ffd8ffe000104a464946", "000102ff", "00ff00ff", "504b030414000000", "030204811f00"])(
    "that are no text are not read as one: %s",
    (hex) => {
      assert.isUndefined(one(Buffer.from(hex, "hex")))
    }
  )

  it("for a port or for the SIM are not text, even if they could be", () => {
    for (const header of ["06050423f423f4", "04040223f4", "027000", `0b${udh.slice(2)}050423f423f4`]) {
      assert.isUndefined(one(latin1("BEGIN:VCARD"), header))
    }
  })

  it("are joined, and keep what the header says besides the part", () => {
    const header = (number: number) => `0b000301020${number}050423f423f4`
    const parts = [{ header: header(1), data: base64(latin1("BEGIN:")) }, {
      header: header(2),
      data: base64(latin1("VCARD"))
    }] as const
    assert.deepStrictEqual(
      contentOf(parts),
      new BinaryContent({ data: base64(latin1("BEGIN:VCARD")), header: "06050423f423f4" })
    )
  })

  it("that are none are an empty text, and what is no Base64 is kept as it came", () => {
    assert.deepStrictEqual(contentOf([{ data: "" }]), new TextContent({ text: "" }))
    assert.deepStrictEqual(contentOf([{ data: "not Base64!" }]), new BinaryContent({ data: "not Base64!" }))
  })

  it("never fail to be read", () => {
    const hex = fc.oneof(
      fc.string(),
      fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString("hex"))
    )
    const part = fc.record({
      header: fc.option(hex, { nil: undefined }),
      data: fc.oneof(fc.string({ minLength: 1 }), fc.uint8Array({ minLength: 1, maxLength: 140 }).map(base64))
    })
    fc.assert(fc.property(part, fc.array(part, { maxLength: 3 }), (first, others) => {
      const content = contentOf([first, ...others])
      assert.isTrue(content._tag === "TextContent" ? content.text.isWellFormed() : content.data !== "")
      UserData.concatenationOf(UserData.elementsOf(first.header) ?? [])
    }))
  })
})

describe("a header", () => {
  const concatenation = (header: string) => {
    const elements = UserData.elementsOf(header)
    return elements === undefined ? "malformed" : UserData.concatenationOf(elements)
  }

  it("says which part it is, in 8 or 16 bits of reference, among other elements", () => {
    assert.deepStrictEqual(concatenation("050003CC0302"), { reference: "cc", total: 3, number: 2 })
    assert.deepStrictEqual(concatenation("060804ABCD0302"), { reference: "abcd", total: 3, number: 2 })
    assert.deepStrictEqual(concatenation("0b050423f423f40003cc0302"), { reference: "cc", total: 3, number: 2 })
  })

  it("that makes no sense says nothing", () => {
    for (const header of ["", "050003cc0101", "050003cc0300", "050003cc0304", "050003cc0001", "06050423f423f4"]) {
      assert.isUndefined(concatenation(header))
    }
    for (const header of ["0605", "050003cc03", "5573657244617461486561646572", "xyz", "0", "02000"]) {
      assert.strictEqual(concatenation(header), "malformed")
    }
  })
})
