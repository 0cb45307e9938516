/**
 * The lists of messages.
 */
const tabs = [["messages", "Messages"], ["deliveries", "Deliveries"], ["dead-letters", "Dead letters"], [
  "consent",
  "Consent"
]] as const

export const Tabs = ({ page }: { readonly page: typeof tabs[number][0] }) => (
  <nav class="tabs" aria-label="Lists">
    {tabs.map(([name, text]) => (
      <a href={`#/${name}`} aria-current={name === page ? "page" : undefined} key={name}>{text}</a>
    ))}
  </nav>
)
