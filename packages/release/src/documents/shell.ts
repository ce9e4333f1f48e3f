/** One command of a shell block: its words, without variables set before it, redirections and comments. */
export type Words = readonly string[]

/** Splits a block of shell lines into commands at `&&`, `|` and `;`, joining continued lines and dropping comments and prompts. */
export function commandsIn(code: string): Words[] {
  const lines = code
    .replace(/\\\n\s*/g, ' ')
    .split('\n')
    .map((line) => line.replace(/^\$ /, ''))
  return lines
    .flatMap((line) => split(words(line)))
    .map(withoutFrills)
    .filter(({ length }) => length > 0)
}

/** Our own commands in a document's inline code, without the brackets and bars of usage patterns. */
export function commandsWithin(text: string): Words[] {
  const sentences = text.replace(/^[ \t]*```[^]*?^[ \t]*```/gm, '')
  const named = sentences.matchAll(
    /`((?:[A-Z_]+=\S+ )?(?:(?:npx )?nx run|npm run|npx @sohu-match\/cli|sohu-match|(?:npx )?sohu-train) [a-z][^`]*)`/g
  )
  return [...named].flatMap(([, code]) => commandsIn(code!.replace(/[[\]|]/g, ' ')))
}

/** The words of a line without quotes; operators are separate words. */
function words(line: string): string[] {
  const found: string[] = []
  for (const [word] of line.matchAll(
    /#.*$|&&|\|\||[;|&]|\d?[<>]+&?\d?|(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\;|&<>])+/g
  )) {
    if (word.startsWith('#')) break
    found.push(
      word.replace(
        /'([^']*)'|"((?:\\.|[^"\\])*)"/g,
        (_, single: string | undefined, double: string | undefined) => single ?? double!.replace(/\\(.)/g, '$1')
      )
    )
  }
  return found
}

function split(line: readonly string[]): string[][] {
  const commands: string[][] = [[]]
  for (const word of line) {
    if (['&&', '||', ';', '|', '&'].includes(word)) commands.push([])
    else commands.at(-1)!.push(word)
  }
  return commands
}

function withoutFrills(command: readonly string[]): string[] {
  const start = command.findIndex((word) => !/^[A-Z_][A-Z0-9_]*=/.test(word))
  return command
    .slice(start < 0 ? command.length : start)
    .filter((word, index, all) => !isRedirection(word) && !isRedirection(all[index - 1] ?? ''))
}

const isRedirection = (word: string): boolean => /^\d?[<>]+$/.test(word) || /^\d?>&\d$/.test(word)
