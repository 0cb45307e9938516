/**
 * The keys of what guards count.
 */

/** The prefix of the keys in a store. */
export const prefix = "guard"

/** The lengths of windows in milliseconds. */
export const lengths = { minute: 60_000, hour: 3_600_000, day: 86_400_000, week: 7 * 86_400_000 } as const

/** The key of the messages to a person. */
export const ofFrequency = (window: number, person: string): string => `frequency ${window} ${person}`

/** The key of the messages to a country that may be replied to. */
export const ofReplies = (country: string): string => `replies ${country}`

/** The prefix of the keys of people who have had a message. */
export const firstPrefix = "first"

/** The prefix of the keys of rooms that the loop guard watches. */
export const loopPrefix = "loop"

/** Returns all keys of a store that name a person, with their prefix. */
export const keysOfPerson = (person: string): ReadonlyArray<string> => [
  `${firstPrefix} ${person}`,
  ...Object.values(lengths).map((window) => `${prefix} ${ofFrequency(window, person)}`)
]
