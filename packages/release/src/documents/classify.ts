import type { Block } from './blocks'
import { BLOCKS, SHOWN } from './reasons'

/** How a block is checked. */
export type Way =
  | 'run in Node'
  | 'run in Chromium by e2e'
  | 'loaded by Vite'
  | 'loaded by Node'
  | 'types checked'
  | 'parsed'
  | 'commands checked'
  | 'listed'

export interface Class {
  readonly way: Way
  /** The listed reason for not checking it. */
  readonly reason?: string
}

const SHELL = ['sh', 'bash', 'shell', 'console']
const DATA = ['json', 'jsonc', 'jsonl', 'yaml']
const SCRIPT = ['js', 'mjs', 'cjs', 'jsx', 'ts', 'mts', 'tsx']

/** How a block is checked; undefined if there is no rule for it. */
export function classify({ file, language, code }: Block): Class | undefined {
  const listed = BLOCKS.find((entry) => entry.file === file && code.includes(entry.has))
  if (listed) return { way: 'listed', reason: listed.reason }
  if (SHOWN[language] !== undefined) return { way: 'listed', reason: SHOWN[language] }
  if (SHELL.includes(language)) return { way: 'commands checked' }
  if (DATA.includes(language)) return language === 'yaml' ? undefined : { way: 'parsed' }
  if (!SCRIPT.includes(language)) return undefined
  if (/^\/\/ vite\.config\.js\n/.test(code)) return { way: 'loaded by Vite' }
  if (/^\/\/ next\.config\.js\n/.test(code)) return { way: 'loaded by Node' }
  if (['js', 'mjs'].includes(language) && code.includes("from '@sohu-match/sdk-node'")) return { way: 'run in Node' }
  if (language === 'js' && code.includes("from '@sohu-match/sdk-web'") && /console\.log/.test(code))
    return { way: 'run in Chromium by e2e' }
  return { way: 'types checked' }
}
