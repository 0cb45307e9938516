/**
 * Compiles the templates of statements once.
 *
 * The constructor of a client builds the text of a statement each time that it
 * runs, which takes longer than SQLite needs for a row.
 */
import type * as SqlClient from "effect/sql/SqlClient"
import { type Fragment, isFragment } from "effect/sql/Statement"

interface Template {
  readonly text: string
  /** The fragments that the text has in it, by the number of their argument. */
  readonly fragments: ReadonlyMap<number, Fragment>
}

/** Returns the client with a constructor that remembers the text of templates whose fragments stay the same. */
export const compileOnce = (sql: SqlClient.SqlClient): SqlClient.SqlClient => {
  /** By the strings of the template, of which there is one array for each place in the code. */
  const templates = new WeakMap<TemplateStringsArray, Template | "varying">()

  const compile = (strings: TemplateStringsArray, args: ReadonlyArray<unknown>): Template | "varying" => {
    const [text, params] = sql(strings, ...args).compile()
    const values = args.filter((arg) => !isFragment(arg))
    // Otherwise fragments have parameters of their own, or arguments are identifiers.
    const isFixed = params.length === values.length && params.every((param, index) => param === values[index])
    if (!isFixed) return "varying"
    return { text, fragments: new Map(args.flatMap((arg, index) => isFragment(arg) ? [[index, arg] as const] : [])) }
  }

  const construct = (strings: TemplateStringsArray | string, ...args: Array<unknown>) => {
    if (typeof strings === "string") return sql(strings)
    let template = templates.get(strings)
    if (template === undefined) {
      template = compile(strings, args)
      templates.set(strings, template)
    }
    const statement = sql(strings, ...args)
    if (template === "varying") return statement
    const { fragments, text } = template
    const values: Array<unknown> = []
    for (let index = 0; index < args.length; index++) {
      const arg = args[index]
      if (isFragment(arg) ? fragments.get(index) !== arg : fragments.has(index)) return statement
      if (!isFragment(arg)) values.push(arg)
    }
    // As a part of another statement it keeps its segments: Postgres numbers the parameters of the whole.
    return Object.assign(statement, { compile: () => [text, values] as const })
  }

  return Object.assign(construct, sql) as SqlClient.SqlClient
}
