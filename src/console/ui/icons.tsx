/**
 * The icons, drawn with lines in a square of 24.
 */
const paths = {
  chat: "M21 12a8 8 0 0 1-8 8H4l2-3a8 8 0 1 1 15-5z",
  list: "M8 6h13M8 12h13M8 18h13M3.500 6h.01M3.500 12h.01M3.500 18h.01",
  chart: "M4 20V10M10 20V4M16 20v-7M22 20H2",
  warning:
    "M12 9v4M12 17h.01M10.300 3.900 2.500 17.500A2 2 0 0 0 4.200 20.500h15.600a2 2 0 0 0 1.700-3L13.700 3.900a2 2 0 0 0-3.400 0z",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM21 21l-5-5",
  back: "M15 18l-6-6 6-6",
  send: "M4 12l16-8-6 16-3-7z",
  attach:
    "M20 11l-8.500 8.500a5 5 0 0 1-7-7L13 4a3.300 3.300 0 0 1 4.700 4.700l-8.500 8.500a1.700 1.700 0 0 1-2.400-2.400L14 7.500",
  close: "M6 6l12 12M18 6L6 18",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3 2",
  check: "M5 12.500l4.500 4.500L19 7.500",
  checks: "M2 12.500l4.500 4.500L16 7.500M11 16l1 1 9.500-9.500",
  failed: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7.500v5M12 16h.01",
  blocked: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM5.700 5.700l12.600 12.600",
  question:
    "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM9.500 9.500a2.500 2.500 0 1 1 3.500 2.300c-.7.3-1 .8-1 1.700M12 16.500h.01",
  file: "M14 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8zM14 3v5h5",
  image:
    "M5 4h14a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1zM8.500 10a1.500 1.500 0 1 0 0-3 1.500 1.500 0 0 0 0 3zM20 15l-4.500-4.500L5 20",
  pin:
    "M12 21s7-6.200 7-11.500A7 7 0 0 0 5 9.500C5 14.800 12 21 12 21zM12 12a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5z",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.500 20.500a7.500 7.500 0 0 1 15 0",
  logout: "M9 21H5a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2h4M16 17l5-5-5-5M21 12H9",
  copy: "M9 9h10a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H9a1 1 0 0 1-1-1V10a1 1 0 0 1 1-1zM4 15V4a1 1 0 0 1 1-1h11",
  replay: "M3 12a9 9 0 1 0 3-6.700L3 8M3 3v5h5",
  wire: "M7 4v16M7 4L4 7M7 4l3 3M17 20V4M17 20l-3-3M17 20l3-3",
  phone:
    "M8 2.500h8a1.500 1.500 0 0 1 1.500 1.500v16a1.500 1.500 0 0 1-1.500 1.500H8A1.500 1.500 0 0 1 6.500 20V4A1.500 1.500 0 0 1 8 2.500zM11 18.500h2",
  shield: "M12 21c5-2 8-5.500 8-10V5.500L12 3 4 5.500V11c0 4.500 3 8 8 10zM8.500 11.500l2.500 2.500 4.500-5",
  up: "M12 19V5M6 11l6-6 6 6",
  plus: "M12 5v14M5 12h14",
  signal: "M5 18v-2M10 18v-5M15 18v-8M20 18V6",
  out: "M7 17L17 7M9 7h8v8",
  in: "M17 7L7 17M15 17H7V9",
  filter: "M4 6h16M7 12h10M10 18h4"
} as const

export type IconName = keyof typeof paths

/** An icon. Without a label it is decoration. */
export const Icon = ({ label, name, size = 18 }: {
  readonly name: IconName
  readonly size?: number
  readonly label?: string | undefined
}) => (
  <svg
    class="icon"
    width={size}
    height={size}
    viewBox="0 0 24 24"
    fill="none"
    stroke="currentColor"
    stroke-width="1.8"
    stroke-linecap="round"
    stroke-linejoin="round"
    {...(label === undefined ? { "aria-hidden": true } : { role: "img", "aria-label": label })}
  >
    <path d={paths[name]} />
  </svg>
)
