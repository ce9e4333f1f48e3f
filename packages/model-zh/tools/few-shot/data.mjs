import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'

const SPLITS = ['train', 'valid', 'test']
const ENDINGS = ['jsonl', 'txt', 'tsv']
/** Shares of the pairs of a single file that go to valid and to test. */
const SHARES = { valid: 0.15, test: 0.15 }

/** The labelled pairs of a folder (train, valid, test) or of one .tsv file, which is split: `{ train, valid, test }`, each `[{ a, b, label }]`. */
export function readPairs(path) {
  if (!existsSync(path)) throw new Error(`There is no ${path}.`)
  if (!statSync(path).isDirectory()) return split(readFile(path))
  return Object.fromEntries(
    SPLITS.map((name) => {
      const file = ENDINGS.map((ending) => `${path}/${name}.${ending}`).find(existsSync)
      if (!file)
        throw new Error(`${path} has no ${name} file (${ENDINGS.map((ending) => `${name}.${ending}`).join(', ')}).`)
      return [name, readFile(file)]
    })
  )
}

/** SHA-256, hex, of a file, or of all files of a folder. */
export function digestOf(path) {
  const hash = createHash('sha256')
  const files = statSync(path).isDirectory()
    ? readdirSync(path)
        .sort()
        .map((name) => `${path}/${name}`)
        .filter((file) => statSync(file).isFile())
    : [path]
  for (const file of files) hash.update(readFileSync(file))
  return hash.digest('hex')
}

/**
 * Writes the drawn pairs as a data folder with one task. With the same seed, a smaller draw is a prefix of a larger one. The draw of valid and test
 * pairs has no seed: all cells are measured on the same ones.
 */
export function writeDataFolder(folder, task, pairs, { train, valid, test, seed }) {
  const drawn = {
    train: shuffled(pairs.train, `train ${seed}`).slice(0, train),
    valid: shuffled(pairs.valid, 'valid').slice(0, valid),
    test: shuffled(pairs.test, 'test').slice(0, test)
  }
  if (drawn.train.length < train) throw new Error(`There are ${drawn.train.length} training pairs, not ${train}.`)
  mkdirSync(folder, { recursive: true })
  for (const name of SPLITS) {
    const lines = drawn[name].map(({ a, b, label }, i) => ({ id: `${name}-${i + 1}`, source: a, target: b, label }))
    writeFileSync(`${folder}/${name}.jsonl`, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  }
  const files = Object.fromEntries(SPLITS.map((name) => [name, [`${name}.jsonl`]]))
  writeFileSync(`${folder}/dataset.json`, JSON.stringify({ tasks: [{ name: task, ...files }] }))
}

/** The items in an order that depends only on their number and `seed`. */
export function shuffled(items, seed) {
  const key = (_, i) => createHash('sha256').update(`${seed} ${i}`).digest('hex')
  const keys = items.map(key)
  return items
    .map((_, i) => i)
    .sort((i, j) => (keys[i] < keys[j] ? -1 : 1))
    .map((i) => items[i])
}

function split(pairs) {
  const mixed = shuffled(pairs, 'split')
  const [valid, test] = [SHARES.valid, SHARES.test].map((share) => Math.round(share * pairs.length))
  return { valid: mixed.slice(0, valid), test: mixed.slice(valid, valid + test), train: mixed.slice(valid + test) }
}

/** The labelled pairs of a file, `[{ a, b, label }]`. Throws with file and line if a line is not one. */
export function readFile(file) {
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.flatMap((line, i) => {
    if (line.trim() === '') return []
    const pair = file.endsWith('.tsv') ? tabbed(line) : parsed(line)
    if (typeof pair.a === 'string' && typeof pair.b === 'string' && /^[01]$/.test(pair.label)) return [pair]
    throw new Error(`${file}:${i + 1} is not two texts and a label of 0 or 1: ${line.slice(0, 80)}`)
  })
}

function tabbed(line) {
  const [a, b, label] = line.trim().split('\t')
  return { a, b, label }
}

function parsed(line) {
  const { source, target, label, labelA, labelB } = JSON.parse(line)
  return { a: source, b: target, label: String(label ?? labelA ?? labelB) }
}
