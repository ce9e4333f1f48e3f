import type { MatcherErrorCode } from '@sohu-match/core'
import type { Random } from '@sohu-match/training/random'
import { bytesAt, GRAPH, list, patientOf, USED, type Damage, type LooseManifest, type Patient } from './model-files'

const INVALID: readonly MatcherErrorCode[] = ['manifest-invalid']

/** Values that are wrong for a key, and how to set it. */
interface WrongKey {
  readonly key: string
  readonly values: readonly unknown[]
  readonly set: (manifest: LooseManifest, value: unknown, random: Random) => void
}

const top = (key: string, values: readonly unknown[]): WrongKey => ({
  key,
  values,
  set: (manifest, value) => void (manifest[key] = value)
})
const inTask = (key: string, values: readonly unknown[]): WrongKey => ({
  key: `tasks.N.${key}`,
  values,
  set: (manifest, value, random) => void (random.pick(manifest.tasks)[key] = value)
})
const inTokenizer = (key: string, values: readonly unknown[]): WrongKey => ({
  key: `tokenizer.${key}`,
  values,
  set: (manifest, value) => void (manifest.tokenizer[key] = value)
})
const inGraph = (key: string, values: readonly unknown[]): WrongKey => ({
  key: `graphs.int8.${key}`,
  values,
  set: (manifest, value) => void (manifest.graphs.int8![key] = value)
})
const inFile = (key: 'bytes' | 'sha256', values: readonly unknown[]): WrongKey => ({
  key: `files.X.${key}`,
  values,
  set: (manifest, value, random) => void (manifest.files[random.pick(USED)]![key] = value)
})

const NO_NUMBER = [null, true, '12', [], {}, -1, 0.5, 1e308, 2 ** 53]
const NO_TEXT = [null, true, 12, [], {}, ['vocab.txt']]
const NO_OBJECT = [null, true, 12, 'x', []]

const WRONG_KEYS: readonly WrongKey[] = [
  top('format', [null, 999, 0, '1', [1], 1e308]),
  top('name', NO_TEXT),
  top('maxLength', [...NO_NUMBER, 0, 3, 2 ** 31]),
  top('tasks', [...NO_OBJECT, {}, [null], [[]], ['A-ss'], { length: 6 }]),
  top('tokenizer', NO_OBJECT),
  top('graphs', [...NO_OBJECT, {}]),
  top('files', [...NO_OBJECT, {}]),
  inTask('name', [...NO_TEXT, '']),
  inTask('id', [...NO_NUMBER, 7]),
  inTask('group', NO_TEXT),
  inTask('threshold', [null, '0.5', 2, -1, 1e308]),
  inTask('f1', ['0.5', {}]),
  inTokenizer('vocab', NO_TEXT),
  inTokenizer('dictionary', NO_TEXT),
  inTokenizer('lowercase', [false, null, 1, 'true']),
  inGraph('file', NO_TEXT),
  inGraph('opset', NO_NUMBER),
  inGraph('externalData', [{}, 'x', [null], [5]]),
  inGraph('f1', [5, 'x', { 'A-ss': '1' }]),
  inFile('bytes', NO_NUMBER),
  inFile('sha256', [
    ...NO_TEXT,
    '',
    'A'.repeat(64),
    'g'.repeat(64),
    'a'.repeat(63),
    'a'.repeat(65),
    `${'a'.repeat(64)}\n`
  ])
]

/** Applies every wrong value in turn; `check` gets the manifest and what is wrong with it. */
export function forEachWrongValue(random: Random, check: (manifest: LooseManifest, what: string) => void): void {
  for (const { key, values, set } of WRONG_KEYS) {
    for (const value of values) {
      const { manifest } = patientOf(random)
      set(manifest, value, random)
      check(manifest, `${key} is ${JSON.stringify(value)}`)
    }
  }
}

/** Paths that leave the folder, name a drive or a scheme, or are not plain paths. */
const HOSTILE_PATHS = [
  '../outside.txt',
  'onnx/../../outside.txt',
  '/etc/passwd',
  '/outside.txt',
  'C:\\outside.txt',
  'c:outside.txt',
  '..\\outside.txt',
  'onnx\\..\\..\\outside.txt',
  '//host/share/x',
  'file:///etc/passwd',
  'https://example.com/x',
  'data:text/plain,x',
  './vocab.txt',
  'onnx/./x',
  'onnx//x',
  'vocab.txt/',
  '',
  '.',
  '..',
  'vocab.txt\0',
  '\0'
]

/** Replaces a file name with a path and lists it with the right hash; the bytes are where the path leads, for code that follows it. */
function hostilePath(patient: Patient): string {
  const { manifest, files, random } = patient
  const path = random.pick(HOSTILE_PATHS)
  const [place, source] = random.pick([
    ['vocab', 'vocab.txt'],
    ['dictionary', 'dictionary.bin'],
    ['file', GRAPH],
    ['externalData', 'vocab.txt']
  ] as const)
  if (place === 'externalData') manifest.graphs.int8![place] = [path]
  else if (place === 'file') manifest.graphs.int8![place] = path
  else manifest.tokenizer[place] = path
  manifest.files[path] = { ...manifest.files[source]! }
  files.set('../outside.txt', bytesAt(files, source))
  return `${place} is ${JSON.stringify(path)}`
}

/** Names that every object inherits. */
const INHERITED = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__']

function inheritedName(patient: Patient): string {
  const { manifest, files, random } = patient
  const name = random.pick(INHERITED)
  const place = random.pick(['vocab', 'dictionary', 'file'] as const)
  if (place === 'file') manifest.graphs.int8!.file = name
  else manifest.tokenizer[place] = name
  const listed = ['__proto__', 'constructor', 'prototype'].includes(name) && random.chance(0.5)
  if (listed) {
    files.set(name, bytesAt(files, 'vocab.txt'))
    list(patient, name)
  }
  return `${place} is "${name}", ${listed ? 'listed' : 'not listed'}`
}

/** A manifest that hides everything behind a key that assignment would make the prototype. */
function behindPrototype({ files, manifest, random }: Patient): string {
  const key = random.pick(['__proto__', 'constructor', 'prototype'])
  const place = random.pick(['', 'graphs', 'files', 'tokenizer'])
  const hidden = JSON.stringify({ [place || 'all']: place ? manifest[place] : manifest }).replace(
    /^\{"[^"]*":/,
    `{"${key}":`
  )
  const text = place
    ? JSON.stringify({ ...manifest, [place]: 0 }).replace(`"${place}":0`, `"${place}":${hidden}`)
    : hidden
  files.set('manifest.json', Buffer.from(text))
  return `${place || 'all'} behind "${key}"`
}

/** Texts that are not a manifest. */
const NO_MANIFEST: Readonly<Record<string, (manifest: Buffer, random: Random) => Buffer>> = {
  'an empty file': () => Buffer.alloc(0),
  'a page of HTML': () => Buffer.from('<!doctype html><title>Sign in</title>'),
  'a JSON value': (_, random) =>
    Buffer.from(random.pick(['null', 'true', '42', '"manifest"', '[]', '[[]]', '{}', '1e999'])),
  'UTF-16': (manifest) => Buffer.from(String(manifest), 'utf16le'),
  'random bytes': (_, random) => Buffer.from(Array.from({ length: 500 }, () => random.below(256))),
  'NUL bytes': (manifest) => Buffer.alloc(manifest.length),
  'two manifests': (manifest) => Buffer.concat([manifest, manifest]),
  'deep arrays': (_, random) => nested('[', ']', 10 ** (2 + random.below(5))),
  'deep objects': (_, random) => nested('{"files":', '}', 10 ** (2 + random.below(5))),
  'a deep value that never ends': () => Buffer.from('['.repeat(1_000_000)),
  'one long text': () => Buffer.from(JSON.stringify('长'.repeat(2_000_000))),
  'a hundred thousand tasks': (manifest) => {
    const value = JSON.parse(String(manifest)) as LooseManifest
    return Buffer.from(
      JSON.stringify({
        ...value,
        tasks: Array.from({ length: 100_000 }, (_, i) => ({ ...value.tasks[0], id: i, name: `t${i % 99_999}` }))
      })
    )
  }
}

function nested(open: string, close: string, depth: number): Buffer {
  return Buffer.from(`${open.repeat(depth)}1${close.repeat(depth)}`)
}

/** Hostile and broken manifests over intact files. */
export const MANIFEST_DAMAGES: readonly Damage[] = [
  {
    name: 'a wrong value',
    codes: INVALID,
    apply({ manifest, random }) {
      const { key, values, set } = random.pick(WRONG_KEYS)
      const value = random.pick(values)
      set(manifest, value, random)
      return `${key} is ${JSON.stringify(value)}`
    }
  },
  {
    name: 'a key gone',
    codes: INVALID,
    apply({ manifest, random }) {
      const key = random.pick(['format', 'name', 'tasks', 'maxLength', 'tokenizer', 'graphs', 'files'])
      delete manifest[key]
      return key
    }
  },
  { name: 'a path outside', codes: INVALID, apply: hostilePath },
  { name: 'an inherited name', codes: INVALID, apply: inheritedName },
  { name: 'a prototype', codes: INVALID, apply: behindPrototype },
  {
    name: 'no manifest',
    codes: INVALID,
    apply({ files, random }) {
      const what = random.pick(Object.keys(NO_MANIFEST))
      files.set('manifest.json', NO_MANIFEST[what]!(bytesAt(files, 'manifest.json'), random))
      return what
    }
  },
  {
    name: 'a manifest cut off',
    codes: INVALID,
    apply({ files, random }) {
      const text = String(bytesAt(files, 'manifest.json')).trimEnd()
      const length = random.below(text.length)
      files.set('manifest.json', Buffer.from(text.slice(0, length)))
      return `after ${length} characters`
    }
  },
  {
    name: 'a mark gone',
    codes: INVALID,
    apply({ files, random }) {
      const text = String(bytesAt(files, 'manifest.json'))
      const marks = [...text.matchAll(/[{}[\]":,]/g)].map((found) => found.index)
      const at = random.pick(marks)
      files.set('manifest.json', Buffer.from(text.slice(0, at) + text.slice(at + 1)))
      return `${text[at]} at ${at}`
    }
  }
]
