/**
 * What goes wrong at the emulated carriers, as switches.
 */
import * as Effect from "effect/Effect"
import { useState } from "preact/hooks"
import type { FaultView } from "../../emulator/EmulatorApi.ts"
import type { Fault } from "../../emulator/Fault.ts"
import { run } from "../state/api.ts"
import { client } from "../state/phone.ts"
import { messageOf } from "../state/problem.ts"
import { isPreset, type Preset, presets, rates } from "../ui/faults.ts"
import { Problem } from "../ui/parts.tsx"
import { count } from "../ui/text.ts"

type Change = (on: FaultView | undefined, fault: Fault | undefined) => void

const Happened = ({ rule }: { readonly rule: FaultView }) => (
  <span class="fault-count" title="How often it happened, of how often it could">
    {count(rule.happened)} of {count(rule.seen)}
  </span>
)

const Switch = ({ change, preset, rule }: {
  readonly preset: Preset
  readonly rule: FaultView | undefined
  readonly change: Change
}) => {
  const [rate, setRate] = useState(rule?.fault.probability ?? 1)
  const faultAt = (rate: number): Fault => rate === 1 ? preset.fault : { ...preset.fault, probability: rate }
  return (
    <li class={`fault${rule === undefined ? "" : " is-on"}`}>
      <label class="fault-label">
        <input
          type="checkbox"
          role="switch"
          checked={rule !== undefined}
          onChange={() => change(rule, rule === undefined ? faultAt(rate) : undefined)}
        />
        <span class="fault-text">
          <span class="fault-name">{preset.name}</span>
          <span class="fault-detail">{preset.detail}</span>
        </span>
      </label>
      {rule !== undefined && <Happened rule={rule} />}
      <select
        class="fault-rate"
        aria-label={`How often: ${preset.name}`}
        value={String(rate)}
        onChange={(event) => {
          const next = Number(event.currentTarget.value)
          setRate(next)
          if (rule !== undefined) change(rule, faultAt(next))
        }}
      >
        {rates.map(([value, name]) => <option value={String(value)} key={value}>{name}</option>)}
      </select>
    </li>
  )
}

export const Faults = ({ rules }: { readonly rules: ReadonlyArray<FaultView> }) => {
  const [problem, setProblem] = useState<string>()
  const change: Change = (on, fault) => {
    setProblem(undefined)
    run(
      Effect.gen(function*() {
        const emulator = yield* client
        if (on !== undefined) yield* emulator.removeFault({ params: { id: on.id } })
        if (fault !== undefined) yield* emulator.addFault({ payload: fault })
      }).pipe(Effect.match({ onSuccess: () => {}, onFailure: (error) => setProblem(messageOf(error)) }))
    )
  }
  const others = rules.filter(({ fault }) => !presets.some((preset) => isPreset(preset, fault)))
  return (
    <details class="faults">
      <summary>
        <span class="faults-title">Faults</span>
        <span class={`badge ${rules.length === 0 ? "is-neutral" : "is-warn"}`}>
          {rules.length === 0 ? "none" : `${rules.length} on`}
        </span>
      </summary>
      {problem !== undefined && <Problem>{problem}</Problem>}
      <ul>
        {presets.map((preset) => (
          <Switch
            key={preset.name}
            preset={preset}
            rule={rules.find(({ fault }) => isPreset(preset, fault))}
            change={change}
          />
        ))}
        {others.map((rule) => (
          <li class="fault is-on" key={rule.id}>
            <span class="fault-label">
              <span class="fault-text">
                <span class="fault-name">Rule {rule.id}</span>
                <code class="fault-detail">{JSON.stringify(rule.fault)}</code>
              </span>
            </span>
            <Happened rule={rule} />
            <button type="button" class="button is-small" onClick={() => change(rule, undefined)}>Remove</button>
          </li>
        ))}
      </ul>
    </details>
  )
}
