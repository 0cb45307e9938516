/** How well revocations in free text are recognized: on labelled messages, half of them traps. */
import { assert, describe, it } from "@effect/vitest"
import * as FreeText from "../../src/consent/FreeText.ts"
import * as Keywords from "../../src/consent/Keywords.ts"
import * as en from "./labelled/en.ts"
import * as es from "./labelled/es.ts"
import * as fr from "./labelled/fr.ts"

const recognize = FreeText.make()
const keyword = Keywords.make({ languages: ["en", "fr", "es"] })

const languages = { en, fr, es }

/** Whether a message would opt the person out. Keywords are not free text, and are measured elsewhere. */
const isEnforced = (text: string): boolean => recognize(text)?.certainty === "clear"

const all = Object.values(languages)
const revocations = all.flatMap((language) => language.revocations)
const others = all.flatMap((language) => language.others)

describe("the labelled messages", () => {
  it("are at least 400, at least half of them traps, in three languages, each once", () => {
    assert.isAtLeast(revocations.length + others.length, 400)
    assert.isAtLeast(others.length, revocations.length)
    assert.lengthOf(new Set([...revocations, ...others]), revocations.length + others.length)
    for (const language of all) assert.isAtLeast(Math.min(language.revocations.length, language.others.length), 65)
  })
})

describe("what is enforced", () => {
  const found = revocations.filter(isEnforced)
  const wrong = others.filter(isEnforced)

  it("has a precision of at least 0.98", () => {
    assert.isAtLeast(found.length / (found.length + wrong.length), 0.98, wrong.join("\n"))
  })

  it("has a recall of at least 0.9, in each language", () => {
    for (const [name, { revocations }] of Object.entries(languages)) {
      const missed = revocations.filter((text) => !isEnforced(text))
      assert.isAtLeast(1 - missed.length / revocations.length, 0.9, `${name}\n${missed.join("\n")}`)
    }
  })

  it.each([
    "don't stop",
    "stop by at 5",
    "STOP 12345",
    "ok stop worrying",
    "why did you stop texting me?",
    "He said: I will stop texting",
    "Stop texting me if I don't answer",
    "x".repeat(300) + ". stop texting me" + " y".repeat(60)
  ])("is not %j", (text) => assert.isFalse(isEnforced(text)))

  it("is found whatever the case, the accents, the apostrophes and the punctuation", () => {
    for (
      const text of [
        "PLEASE STOP TEXTING ME!!!",
        "please, stop texting me…",
        "¡¡No me envíen más mensajes!!",
        "Don’t text me again 😡",
        "\"Stop texting me\"",
        "Hi there! Thanks for everything. Please stop texting me.",
        "ne m’envoyez plus de messages"
      ]
    ) assert.isTrue(isEnforced(text), text)
  })
})

describe("what is only likely", () => {
  it.each([
    ["Sorry, wrong number", "en"],
    ["leave me alone", "en"],
    ["How do I unsubscribe?", "en"],
    ["Laissez-moi tranquille", "fr"],
    ["Comment me désabonner?", "fr"],
    ["Número equivocado", "es"],
    ["¿Cómo me doy de baja?", "es"]
  ])(
    "is %j",
    (text, language) => assert.deepStrictEqual(recognize(text), { certainty: "likely", language: language as "en" })
  )

  it("is seldom wrong either", () => {
    const wrong = others.filter((text) => recognize(text) !== undefined)
    assert.isAtMost(wrong.length / others.length, 0.02, wrong.join("\n"))
  })
})

describe("the languages", () => {
  it("are those that are chosen", () => {
    const english = FreeText.make({ languages: ["en"] })
    assert.isUndefined(english("Arrêtez de me texter"))
    assert.deepStrictEqual(english("Please stop texting me"), { certainty: "clear", language: "en" })
  })

  it("take no time worth mentioning on hostile text", () => {
    const started = performance.now()
    for (const word of ["please ", "no ", "wrong number ", "stop ", "ya ", "svp ", "stop, ", "any more "]) {
      recognize(word.repeat(400).slice(0, 400))
    }
    assert.isBelow(performance.now() - started, 200)
  })
})

describe("keywords", () => {
  it("are not found in any of the traps but single words", () => {
    const found = others.filter((text) => keyword(text)?.action === "stop")
    assert.deepStrictEqual(found, ["cancel", "Cancelar"])
  })
})
