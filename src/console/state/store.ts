/**
 * Atoms in components: Effect's registry, and the hooks of Preact.
 */
import type * as Atom from "effect/reactivity/Atom"
import * as AtomRegistry from "effect/reactivity/AtomRegistry"
import { useEffect, useReducer } from "preact/hooks"

/** The state of the page. */
export const registry = AtomRegistry.make()

/** Reads an atom, and renders the component again when it changes. */
export const useAtom = <A>(atom: Atom.Atom<A>): A => {
  const [, render] = useReducer((count: number) => count + 1, 0)
  useEffect(() => {
    const rendered = registry.get(atom)
    return registry.subscribe(atom, (value) => {
      if (value !== rendered) render(undefined)
    }, { immediate: true })
  }, [atom])
  return registry.get(atom)
}

export const get = <A>(atom: Atom.Atom<A>): A => registry.get(atom)

export const set = <A>(atom: Atom.Writable<A>, value: A): void => registry.set(atom, value)

export const update = <A>(atom: Atom.Writable<A>, f: (value: A) => A): void => registry.set(atom, f(registry.get(atom)))
