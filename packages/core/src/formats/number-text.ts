/**
 * The number at a top-level key of a JSON object, character for character: `JSON.parse` rounds numbers beyond 2^53 (and
 * Node 20 has no reviver context with the source). Undefined if the key is absent or its value is not a number. If a
 * key repeats, the last counts, as in `JSON.parse`. `json` must be valid JSON; takes linear time.
 */
export function numberText(json: string, key: string): string | undefined {
  let depth = 0
  let name: string | undefined
  let found: string | undefined
  for (let at = 0; at < json.length;) {
    const character = json[at]!
    const end = character === '"' ? endOfString(json, at) : at + 1
    if (character === '{' || character === '[') depth++
    else if (character === '}' || character === ']') depth--
    else if (depth === 1 && character === '"' && name === undefined) name = JSON.parse(json.slice(at, end)) as string
    else if (depth === 1 && character === ',') name = undefined
    else if (depth === 1 && character === ':' && name === key) found = numberAt(json, end)
    at = end
  }
  return found
}

/** The index after the closing quote of the string that starts at `start`. */
function endOfString(json: string, start: number): number {
  for (let quote = json.indexOf('"', start + 1); ; quote = json.indexOf('"', quote + 1)) {
    let backslashes = 0
    while (json[quote - 1 - backslashes] === '\\') backslashes++
    if (backslashes % 2 === 0) return quote + 1
  }
}

const NUMBER = /[ \t\r\n]*(-?[0-9][0-9.eE+-]*)?/y

function numberAt(json: string, at: number): string | undefined {
  NUMBER.lastIndex = at
  return NUMBER.exec(json)![1]
}
