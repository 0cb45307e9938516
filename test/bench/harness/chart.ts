/**
 * The ratios as a picture: a bar from 1 to each ratio, and a mark at its aim.
 */
import type { Result } from "./Measure.ts"
import { type Comparison, comparisonsOf } from "./stats.ts"

const height = 26
const labels = 400
const plot = 420
const right = 90

// Legible on a light and on a dark page.
const colours = { met: "#2da44e", missed: "#cf222e", none: "#8c959f", text: "#768390" }

const escape = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")

const element = (name: string, attributes: Readonly<Record<string, string | number>>, content = ""): string => {
  const list = Object.entries(attributes).map(([key, value]) =>
    ` ${key}="${typeof value === "number" ? Number(value.toFixed(1)) : value}"`
  )
  return content === "" ? `<${name}${list.join("")}/>` : `<${name}${list.join("")}>${content}</${name}>`
}

/** Powers of two around all ratios and aims: as far to the left for half as to the right for twice. */
const scaleOf = (comparisons: ReadonlyArray<Comparison>) => {
  const exponents = comparisons.flatMap(({ aim, ratio }) => [Math.log2(ratio.median), Math.log2(aim ?? 1)])
  const least = Math.min(-1, Math.floor(Math.min(...exponents)))
  const most = Math.max(1, Math.ceil(Math.max(...exponents)))
  return {
    ticks: Array.from({ length: most - least + 1 }, (_, i) => 2 ** (least + i)),
    at: (ratio: number) => labels + (Math.log2(ratio) - least) / (most - least) * plot
  }
}

/** An SVG document. */
export const chart = (result: Result): string => {
  const comparisons = comparisonsOf(result)
  const { at, ticks } = scaleOf(comparisons)
  const bottom = 16 + comparisons.length * height
  const grid = ticks.flatMap((tick) => [
    element("path", { d: `M${at(tick)} 8V${bottom}`, stroke: colours.text, "stroke-opacity": tick === 1 ? 1 : 0.25 }),
    element("text", { x: at(tick), y: bottom + 16, "text-anchor": "middle" }, tick < 1 ? `1/${1 / tick}` : `${tick}×`)
  ])
  const bars = comparisons.flatMap(({ aim, name, outcome, ratio }, i) => {
    const y = 12 + i * height
    const [from, to] = [at(1), at(ratio.median)].sort((a, b) => a - b) as [number, number]
    return [
      element("text", { x: labels - 10, y: y + 14, "text-anchor": "end" }, escape(name)),
      element("rect", { x: from, y, width: Math.max(1, to - from), height: 18, fill: colours[outcome ?? "none"] }),
      ...(aim === undefined ? [] : [
        element("path", { d: `M${at(aim).toFixed(1)} ${y - 3}v24`, stroke: colours.text, "stroke-width": 3 })
      ]),
      element("text", { x: labels + plot + 8, y: y + 14 }, `${ratio.median.toFixed(2)}×`)
    ]
  })
  const document = element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      viewBox: `0 0 ${labels + plot + right} ${bottom + 26}`,
      "font-family": "system-ui, sans-serif",
      "font-size": 13,
      fill: colours.text
    },
    ["", element("title", {}, escape(result.title)), ...grid, ...bars, ""].join("\n")
  )
  return `${document}\n`
}
