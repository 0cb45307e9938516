// Created on first use: creation takes milliseconds, and most texts never need it.
let segmenter: Intl.Segmenter | undefined

/** Splits a text into graphemes, that is visible characters, by language-independent rules. */
export const graphemes = (text: string): Intl.Segments => {
  segmenter ??= new Intl.Segmenter("und", { granularity: "grapheme" })
  return segmenter.segment(text)
}
