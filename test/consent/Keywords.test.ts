import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as Keywords from "../../src/consent/Keywords.ts"

const recognize = Keywords.make()
const actionOf = (text: string) => recognize(text)?.action

describe("a keyword", () => {
  it("is every word of the languages", () => {
    for (const language of ["en", "fr"] as const) {
      for (const action of ["stop", "start", "help"] as const) {
        for (const word of Keywords.words[language][action]) {
          assert.deepStrictEqual(recognize(word), { action, word, language })
        }
      }
    }
  })

  it.each([
    "stop",
    " Stop ",
    "STOP.",
    "stop!!!",
    "\"Stop\"",
    "«stop»",
    "Stop 🙏",
    "ＳＴＯＰ",
    "SТОР",
    "ЅТОΡ",
    "sтор",
    "S\u200BTOP",
    "\uFEFFSTOP\r\n",
    "STOP ALL",
    "stop-all",
    "Opt out",
    "opt-out",
    "OPT_OUT",
    "Arrêt",
    "ARRET",
    "arre\u0302t",
    "𝐒𝐓𝐎𝐏",
    "ꜱᴛᴏᴘ",
    "ᴄᴀɴᴄᴇʟ",
    "ᴀʀʀᴇᴛ",
    "🆂🆃🅾🅿️",
    "🅢🅣🅞🅟",
    "STØP",
    "ST0P"
  ])("is %j, which opts out", (text) => assert.strictEqual(actionOf(text), "stop"))

  it.each([
    "STOP 12345",
    "please stop",
    "STOP PLEASE",
    "dont stop",
    "nonstop",
    "stopper",
    "stop by at 5",
    "the end",
    "endless",
    "",
    " ",
    "?",
    "0",
    "STOPX",
    "stop2",
    "STOP ".repeat(40),
    "yes please",
    "ALTO",
    "constructor",
    "__proto__",
    "TOSTRING"
  ])("is not %j", (text) => assert.isUndefined(recognize(text)))

  it("opts in or asks for help", () => {
    assert.deepStrictEqual([actionOf("start"), actionOf("Unstop."), actionOf("yes!")], ["start", "start", "start"])
    assert.strictEqual(actionOf("ɪɴꜰᴏ"), "help")
    assert.deepStrictEqual([actionOf("help?"), actionOf("Info"), actionOf("aide")], ["help", "help", "help"])
    assert.isTrue(Keywords.isAnswer(recognize("Yes")!))
    assert.isFalse(Keywords.isAnswer(recognize("START")!))
  })

  it("is of the chosen languages alone, and a further word is of none", () => {
    const spanish = Keywords.make({ languages: ["es"], more: { stop: ["Стоп"], help: ["ALTO", "BEISTAND"] } })
    assert.deepStrictEqual(spanish("¡Alto!"), { action: "stop", word: "ALTO", language: "es" })
    assert.strictEqual(spanish("стоп")?.action, "stop")
    assert.deepStrictEqual(spanish("Beistand"), { action: "help", word: "BEISTAND", language: undefined })
    assert.isUndefined(spanish("STOP"))
  })

  it("is one whatever stands around it and in whichever case, and none with another word", () => {
    const around = fc.stringMatching(/^[ \t\n.,;:!?"'()*¡¿…–-]{0,8}$/)
    const keyword = fc.constantFrom(...Keywords.words.en.stop, ...Keywords.words.fr.stop)
    fc.assert(fc.property(around, keyword, around, fc.array(fc.boolean()), (before, word, after, cases) => {
      const mixed = Array.from(word, (letter, index) => cases[index] === true ? letter.toLowerCase() : letter).join("")
      assert.strictEqual(actionOf(before + mixed + after), "stop")
      assert.isUndefined(recognize(`${before}${mixed}${after} later`))
    }))
  })
})
