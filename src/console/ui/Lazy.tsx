/**
 * A part of the page that is loaded when it is first shown.
 */
import * as Effect from "effect/Effect"
import type { ComponentType } from "preact"
import { useEffect, useState } from "preact/hooks"
import { Problem, Skeleton } from "./parts.tsx"

export const Lazy = ({ load }: { readonly load: Effect.Effect<ComponentType> }) => {
  const [Loaded, setLoaded] = useState<ComponentType>()
  const [isMissing, setMissing] = useState(false)
  useEffect(() => {
    Effect.runFork(Effect.matchCause(load, {
      onSuccess: (component) => setLoaded(() => component),
      // A newer version of the server has other files.
      onFailure: () => setMissing(true)
    }))
  }, [load])
  if (Loaded !== undefined) return <Loaded />
  return isMissing
    ? <Problem onRetry={() => location.reload()}>This part of the page cannot be loaded.</Problem>
    : <Skeleton rows={6} />
}
