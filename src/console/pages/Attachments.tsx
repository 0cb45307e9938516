/**
 * The files of an answer that is being written.
 */
import * as Effect from "effect/Effect"
import { useState } from "preact/hooks"
import { Api, run } from "../state/api.ts"
import { messageOf } from "../state/problem.ts"
import { Icon } from "../ui/icons.tsx"

/** A file, from when it was chosen. */
export interface Attachment {
  readonly id: number
  readonly name: string
  readonly size: number
  /** The address of a picture in the memory of the browser. */
  readonly preview: string | undefined
  /** Where the server has it, once it is uploaded. */
  readonly url?: string
  readonly mimeType?: string
  readonly problem?: string
}

let count = 0

const upload = (file: File) =>
  Effect.gen(function*() {
    const { uploads } = yield* Api
    const bytes = yield* Effect.promise(() => file.arrayBuffer())
    return yield* uploads.upload({ payload: new Uint8Array(bytes) })
  })

/** The files, and how they are added and removed. */
export const useAttachments = () => {
  const [attachments, setAttachments] = useState<ReadonlyArray<Attachment>>([])
  const add = (files: Iterable<File>) => {
    for (const file of files) {
      const id = ++count
      const isPicture = file.type.startsWith("image/") && !file.type.startsWith("image/svg")
      const preview = isPicture ? URL.createObjectURL(file) : undefined
      setAttachments((all) => [...all, { id, name: file.name, size: file.size, preview }])
      const change = (fields: Partial<Attachment>) =>
        setAttachments((all) => all.map((one) => one.id === id ? { ...one, ...fields } : one))
      run(Effect.match(upload(file), {
        onSuccess: ({ mimeType, url }) => change({ mimeType, url }),
        onFailure: (error) => change({ problem: messageOf(error) })
      }))
    }
  }
  const release = ({ preview }: Attachment) => preview !== undefined && URL.revokeObjectURL(preview)
  return {
    attachments,
    add,
    remove: (id: number) =>
      setAttachments((all) => {
        all.filter((one) => one.id === id).forEach(release)
        return all.filter((one) => one.id !== id)
      }),
    clear: () =>
      setAttachments((all) => {
        all.forEach(release)
        return []
      })
  }
}

const sizeOf = (bytes: number): string =>
  bytes < 1024 * 1024 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`

export const Attachments = ({ attachments, onRemove }: {
  readonly attachments: ReadonlyArray<Attachment>
  readonly onRemove: (id: number) => void
}) =>
  attachments.length === 0 ? null : (
    <ul class="attachments" aria-label="Files">
      {attachments.map(({ id, name, preview, problem, size, url }) => (
        <li class={`attachment${problem === undefined ? "" : " is-failed"}`} key={id}>
          {preview === undefined ? <Icon name="file" /> : <img src={preview} alt="" />}
          <span class="file-text">
            <span class="attachment-name">{name}</span>
            <span class="file-detail" role={problem === undefined ? undefined : "alert"}>
              {problem ?? (url === undefined ? "Uploading…" : sizeOf(size))}
            </span>
          </span>
          <button
            type="button"
            class="icon-button"
            aria-label={`Remove ${name}`}
            onClick={() =>
              onRemove(id)}
          >
            <Icon name="close" size={14} />
          </button>
        </li>
      ))}
    </ul>
  )
