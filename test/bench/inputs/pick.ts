/** Another one of the list for each number. */
export const pick = <A>(list: ReadonlyArray<A>, i: number): A => list[i % list.length]!
