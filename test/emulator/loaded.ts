/**
 * Writes a line before the first one of a program: the modules that it has loaded until then, those of files by their
 * URL, and those of Node, also internal ones. Imported before the program with `--import`.
 */
import { registerHooks } from "node:module"

const files: Array<string> = []

registerHooks({
  load: (url, context, nextLoad) => {
    files.push(url)
    return nextLoad(url, context)
  }
})

const { stdout } = process
const write = stdout.write.bind(stdout)
stdout.write = (...args: Array<unknown>) => {
  stdout.write = write
  const { moduleLoadList } = process as unknown as { readonly moduleLoadList: ReadonlyArray<string> }
  stdout.write(`${JSON.stringify([...files, ...moduleLoadList])}\n`)
  return Reflect.apply(write, stdout, args)
}
