/**
 * The content of a message. All of it comes from outside: it is shown as text,
 * and a file only from this server.
 */
import * as Contents from "../../Content.ts"
import { mediaUrls } from "../state/session.ts"
import { Icon } from "../ui/icons.tsx"
import { isContactCard } from "../ui/text.ts"

/** Returns the address of a file that this page may load, or `undefined`. */
export const ownUrl = (url: string): string | undefined => {
  const parsed = URL.parse(url)
  if (parsed === null) return undefined
  const isOwn = /^\/(?:.*\/)?media\//.test(parsed.pathname) && parsed.host === location.host
  return isOwn || mediaUrls().some((own) => parsed.href.startsWith(own)) ? parsed.href : undefined
}

const isLink = (url: string): boolean => /^https?:\/\//i.test(url) && URL.canParse(url)

/** A text in which addresses of the web are links. */
const Text = ({ text }: { readonly text: string }) => (
  <p class="text">
    {text.split(/(https?:\/\/[^\s<>"'()]+)/gi).map((part, index) =>
      index % 2 === 1 && isLink(part)
        ? <a href={part} target="_blank" rel="noopener noreferrer nofollow" key={index}>{part}</a>
        : part
    )}
  </p>
)

const File = ({ detail, icon = "file", name, url }: {
  readonly name: string
  readonly detail?: string | undefined
  readonly url?: string | undefined
  readonly icon?: "file" | "image" | "person"
}) => {
  const inside = (
    <>
      <Icon name={icon} />
      <span class="file-text">
        <span class="file-name">{name}</span>
        {detail !== undefined && <span class="file-detail">{detail}</span>}
      </span>
    </>
  )
  return url !== undefined && isLink(url)
    ? <a class="file" href={url} target="_blank" rel="noopener noreferrer nofollow">{inside}</a>
    : <span class="file">{inside}</span>
}

const Media = ({ caption, mimeType = "", name, unavailable, url }: Contents.MediaContent) => {
  const own = unavailable === undefined ? ownUrl(url) : undefined
  const title = name ?? (caption === undefined ? "Picture" : `Picture: ${caption}`)
  return (
    <>
      {own !== undefined && mimeType.startsWith("image/") && !mimeType.startsWith("image/svg")
        ? (
          <a class="picture" href={own} target="_blank" rel="noopener">
            <img src={own} alt={title} loading="lazy" />
          </a>
        )
        : own !== undefined && mimeType.startsWith("audio/")
        ? <audio controls preload="none" src={own} aria-label={name ?? "Audio"} />
        : own !== undefined && mimeType.startsWith("video/")
        ? <video controls preload="none" src={own} aria-label={name ?? "Video"} />
        : (
          <File
            name={name ??
              (mimeType.startsWith("image/") ? "Picture" : isContactCard(mimeType) ? "Contact card" : "File")}
            detail={unavailable === undefined
              ? own === undefined ? `${mimeType || "file"} · at the carrier` : mimeType
              : `Not available: ${unavailable}`}
            url={url}
            icon={mimeType.startsWith("image/") ? "image" : isContactCard(mimeType) ? "person" : "file"}
          />
        )}
      {caption !== undefined && <Text text={caption} />}
    </>
  )
}

const Part = ({ part }: { readonly part: Contents.Part }) => {
  switch (part._tag) {
    case "TextContent":
      return <Text text={part.text} />
    case "MediaContent":
      return <Media {...part} />
    case "FileContent":
      return (
        <>
          <File name={part.name ?? "File"} detail={part.unavailable ?? part.mimeType} />
          {part.caption !== undefined && <Text text={part.caption} />}
        </>
      )
    case "LocationContent": {
      const { address, label, latitude, longitude } = part
      const place = latitude === undefined || longitude === undefined ? undefined : `${latitude}, ${longitude}`
      return (
        <span class="file">
          <Icon name="pin" />
          <span class="file-text">
            <span class="file-name">{label ?? address ?? "Location"}</span>
            <span class="file-detail">
              {[label === undefined ? undefined : address, place].filter(Boolean).join(" · ")}
            </span>
          </span>
        </span>
      )
    }
    case "ContactContent":
      return (
        <span class="file">
          <Icon name="person" />
          <span class="file-text">
            <span class="file-name">{part.name ?? part.organization ?? "Contact"}</span>
            <span class="file-detail">
              {[part.name === undefined ? undefined : part.organization, ...part.phones, ...part.emails].filter(Boolean)
                .join(" · ")}
            </span>
          </span>
        </span>
      )
    case "ReplyContent":
      return (
        <>
          <p class="reply">Chose a reply</p>
          <Text text={part.text === "" ? part.payload ?? "" : part.text} />
        </>
      )
    case "BinaryContent":
      return <File name="Binary message" detail={`${Math.ceil(part.data.length * 0.75)} bytes`} />
  }
}

export const ContentView = ({ content }: { readonly content: Contents.Content }) => (
  <>{Contents.parts(content).map((part, index) => <Part part={part} key={index} />)}</>
)
