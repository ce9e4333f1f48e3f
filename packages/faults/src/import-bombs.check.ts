import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflatedZip, laugh, START, zipBytes } from '@sohu-match/testing'
import { expect, it } from 'vitest'
import { cliOf } from './paths'
import { caseError, cases, counts, record } from './plan'
import { startNode } from './process'

const CHECK = 'import-bombs'

/** On a quiet machine each is refused within a second; one that grows without bound hits this limit. */
const MOST_MILLISECONDS = 180_000

const VOCABULARY = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'a']
const CONFIG = {
  vocab_size: VOCABULARY.length,
  hidden_size: 4,
  num_hidden_layers: 1,
  num_attention_heads: 1,
  intermediate_size: 4
}

/** Small files that demand many resources, and the expected refusal. */
interface Bomb {
  readonly name: string
  /** Files of the folder, in addition to or instead of a valid configuration and vocabulary; null makes a pipe. */
  readonly files: Readonly<Record<string, string | Uint8Array | null>>
  readonly refusal: RegExp
}

const invalid = (about: string): RegExp => new RegExp(`${about}.*\\[checkpoint-invalid\\]`)

const pickle = (name: string, code: string, about: string): Bomb => ({
  name,
  files: { 'pytorch_model.bin': zipBytes({ 'x/data.pkl': Buffer.from(START + code, 'latin1') }) },
  refusal: invalid(about)
})

const zip = (name: string, content: Uint8Array, claimed: number, about: string): Bomb => ({
  name,
  files: { 'pytorch_model.bin': deflatedZip(content, claimed) },
  refusal: invalid(about)
})

/** A safetensors file whose header has, or claims to have, this length. */
function safetensors(name: string, header: string, about: string, length = BigInt(header.length)): Bomb {
  const size = Buffer.alloc(8)
  size.writeBigUInt64LE(length)
  return { name, files: { 'model.safetensors': Buffer.concat([size, Buffer.from(header)]) }, refusal: invalid(about) }
}

const hugeTensor = JSON.stringify({ x: { dtype: 'F32', shape: [2 ** 52, 2 ** 52], data_offsets: [0, 0] } })

/** The short count runs the first of them. */
const BOMBS: readonly Bomb[] = [
  pickle('2^27 lists as the name of a global', `${laugh().slice(2)}h\x1bh\x1b\x93.`, 'names a global by something'),
  zip('an entry that inflates to more than it claims', Buffer.alloc(2 ** 24), 100, 'is not a complete zip archive'),
  zip('an entry that claims 2^53 - 2 bytes', Buffer.from('N.'), 2 ** 53 - 2, `claims ${2 ** 53 - 2} bytes`),
  safetensors('a header that claims 2^63 bytes', '{}', 'its header claims', 2n ** 63n),
  {
    name: 'a pipe as a part',
    files: { 'model.safetensors.index.json': JSON.stringify({ weight_map: { x: 'part' } }), part: null },
    refusal: invalid('part:? is not a file')
  },
  {
    name: 'a configuration of 10^9 layers',
    files: {
      'model.safetensors': Buffer.from('\x02\0\0\0\0\0\0\0{}'),
      'config.json': JSON.stringify({ ...CONFIG, num_hidden_layers: 1e9 })
    },
    refusal: /num_hidden_layers[^]*\[config-invalid\]/
  },
  pickle('2^27 lists as a key', `${laugh().slice(2)}}h\x1bNs.`, 'is not a tensor'),
  pickle('a value that holds itself', '}\x94X\x05\x00\x00\x00modelh\x00s.', 'is not a tensor'),
  pickle('300,000 items at once', `](${'N'.repeat(300_000)}e.`, 'it holds no state dict'),
  zip('an entry of 16 MB', Buffer.alloc(2 ** 24 + 1), 2 ** 24 + 1, 'claims 16777217 bytes'),
  safetensors('a header of two million objects', '{"a":'.repeat(2_000_000), 'model.safetensors'),
  safetensors('a tensor of 2^104 numbers', hugeTensor, 'model.safetensors')
]

function writeBomb(folder: string, { files }: Bomb): void {
  mkdirSync(folder)
  const all = { 'vocab.txt': `${VOCABULARY.join('\n')}\n`, 'config.json': JSON.stringify(CONFIG), ...files }
  for (const [name, content] of Object.entries(all)) {
    if (content === null) execFileSync('mkfifo', [join(folder, name)])
    else writeFileSync(join(folder, name), content)
  }
}

/** Imports a bomb, which must be refused in time with the expected code, leaving no checkpoint behind. */
async function requireRefusal(root: string, bomb: Bomb): Promise<void> {
  const [from, place] = [join(root, 'weights'), join(root, 'place')]
  writeBomb(from, bomb)
  mkdirSync(place)
  const running = startNode(cliOf('train'), ['import', '--from', from, '--out', join(place, 'checkpoint')])
  let errors = ''
  running.child.stderr!.on('data', (data) => {
    errors += String(data)
  })
  const timer = setTimeout(() => running.child.kill('SIGKILL'), MOST_MILLISECONDS)
  const code = await running.ended
  clearTimeout(timer)
  if (!bomb.refusal.test(errors)) throw new Error(`refused with ${JSON.stringify(errors)}, wanted ${bomb.refusal}`)
  expect(code).toBe(1) // null if it had to be killed
  expect(readdirSync(place)).toEqual([])
}

it('refuses small weights that demand many resources, in time and without leftovers', () =>
  record('import of hostile weights', async () => {
    const numbers = cases(counts(BOMBS.length, 6))
    for (const index of numbers) {
      const root = mkdtempSync(join(tmpdir(), 'import-bombs-'))
      try {
        await requireRefusal(root, BOMBS[index]!)
      } catch (cause) {
        throw caseError(CHECK, index, `${BOMBS[index]!.name}: ${String(cause)}`)
      } finally {
        rmSync(root, { recursive: true })
      }
    }
    return { count: numbers.length, result: 'all `checkpoint-invalid` or `config-invalid`, nothing left at --out' }
  }))
