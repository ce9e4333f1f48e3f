/** Times the tokenizer: start-up against parsing dict.txt into a Map, speed against Python jieba with bert4keras. */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { gzipSync } from 'node:zlib'
import { createTokenizer, openDictionary, type Tokenizer } from '../src/tokenizer/index'
import { jiebaDictionaryText } from '../tools/jieba-dictionary'

type TextPair = readonly [a: string, b: string]

const ROUNDS = 7
const MAX_LENGTH = 512
/** The package's folder: the bundled script runs from dist/bench. */
const root = join(import.meta.dirname, '../..')
const shared = join(root, '../../../shared/data')
const hasShared = existsSync(shared)
const vocabPath = hasShared ? join(shared, 'wobert-vocab.txt') : join(root, 'fixtures/vocab.txt')

const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!
const print = (text: string) => process.stdout.write(`${text}\n`)

/** Seconds. */
function time(run: () => unknown): number {
  const start = performance.now()
  run()
  return (performance.now() - start) / 1000
}

/** Start-up without dictionary.bin: a Map of the words and all their prefixes, like Python's jieba. */
function parseIntoMap(text: string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const line of text.split('\n')) {
    if (!line) continue
    const [word, count] = line.split(' ') as [string, string]
    counts.set(word, Number(count))
    for (let end = 1; end < word.length; end++) {
      const prefix = word.slice(0, end)
      if (!counts.has(prefix)) counts.set(prefix, 0)
    }
  }
  return counts
}

function benchStart(bytes: Uint8Array, vocab: string): void {
  const text = jiebaDictionaryText()
  const map: number[] = []
  const opened: number[] = []
  const created: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    map.push(time(() => parseIntoMap(text)))
    opened.push(time(() => openDictionary(bytes)))
    created.push(time(() => createTokenizer(vocab, bytes)))
  }
  const first = opened[0]! * 1000
  const [peer, open, create] = [median(map) * 1000, median(opened) * 1000, median(created) * 1000]
  const megabytes = (data: Uint8Array) => (data.length / 1e6).toFixed(2)
  print(
    `dictionary.bin           ${megabytes(bytes)} MB, gzipped ${megabytes(gzipSync(bytes, { level: 9 }))} MB (budget 1.3)`
  )
  print(`dict.txt into a Map      ${peer.toFixed(1)} ms`)
  print(
    `openDictionary           ${open.toFixed(1)} ms (first ${first.toFixed(1)})   ratio ${(open / peer).toFixed(3)} (budget 0.4)`
  )
  print(`createTokenizer          ${create.toFixed(1)} ms with the vocabulary   ratio ${(create / peer).toFixed(3)}`)
}

function readPairs(): TextPair[] {
  if (!hasShared) {
    const text = readFileSync(join(root, 'fixtures/sentences.json'), 'utf8')
    const { pairs, singles } = JSON.parse(text) as { pairs: TextPair[]; singles: string[] }
    return [...pairs, ...singles.map((text, i): TextPair => [text, singles.slice(i).join('')])]
  }
  return ['短短匹配A类', '短长匹配A类', '长长匹配B类'].flatMap((variant) =>
    readFileSync(join(shared, 'news-pairs', variant, 'valid.txt'), 'utf8')
      .split('\n')
      .filter(Boolean)
      .slice(0, 200)
      .map((line) => JSON.parse(line) as { source: string; target: string })
      .map(({ source, target }): TextPair => [source, target])
  )
}

/** A function that encodes all pairs in the Python peer and returns the seconds, or why there is no peer. */
async function startPeer(
  pairs: readonly TextPair[]
): Promise<{ run: () => Promise<number>; stop: () => void } | string> {
  const python = process.env['PYTHON'] ?? 'python3'
  const child = spawn(python, [join(root, 'bench/tokenizer_peer.py'), vocabPath, String(MAX_LENGTH)], {
    stdio: ['pipe', 'pipe', 'ignore']
  })
  const failed = new Promise<string>((resolve) => child.once('error', (error) => resolve(error.message)))
  child.stdin.on('error', () => undefined) // a peer that exits early shows as the end of its output
  child.stdin.write(`${JSON.stringify(pairs)}\n`)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ready = await Promise.race([lines.next().then(({ value }) => value as string | undefined), failed])
  if (ready !== 'ready')
    return `${python}: ${ready ?? 'no answer'}; set PYTHON to one with jieba 0.42.1, bert4keras, TensorFlow`
  const run = async () => {
    child.stdin.write('go\n')
    return Number((await lines.next()).value)
  }
  return { run, stop: () => child.stdin.end() }
}

async function benchSpeed(tokenizer: Tokenizer): Promise<void> {
  const pairs = readPairs()
  const kilochars = pairs.reduce((sum, [a, b]) => sum + a.length + b.length, 0) / 1000
  const encodeAll = (maxLength: number) => time(() => pairs.forEach(([a, b]) => tokenizer.encode(a, b, maxLength)))
  const peer = await startPeer(pairs)
  const [own, whole, theirs]: number[][] = [[], [], []]
  for (let round = 0; round < ROUNDS; round++) {
    own!.push(encodeAll(MAX_LENGTH))
    whole!.push(encodeAll(1_000_000))
    if (typeof peer !== 'string') theirs!.push(await peer.run())
  }
  const seconds = median(own!)
  print(`${pairs.length} pairs, ${kilochars.toFixed(0)} thousand characters, maximum length ${MAX_LENGTH}`)
  const speed = (kilochars / 1000 / median(whole!)).toFixed(2)
  print(
    `encode                   ${(pairs.length / seconds).toFixed(0)} pairs/s; without stopping early ${speed} million characters/s`
  )
  if (typeof peer === 'string') {
    print(`Python peer skipped: ${peer}`)
    return
  }
  peer.stop()
  const other = median(theirs!)
  print(
    `Python jieba, bert4keras ${(pairs.length / other).toFixed(0)} pairs/s   ratio ${(other / seconds).toFixed(1)} (budget 5)`
  )
}

const dictionary = readFileSync(join(root, 'dist/dictionary.bin'))
const vocabulary = readFileSync(vocabPath, 'utf8')
print(`${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}, medians of ${ROUNDS} alternating rounds`)
benchStart(dictionary, vocabulary)
await benchSpeed(createTokenizer(vocabulary, dictionary))
