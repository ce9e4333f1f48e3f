import { bytesAt, GRAPH, list, USED, type Damage, type Patient } from './model-files'

/** Replaces a file and lists its new hash and size, so that they reveal nothing. */
function forged(patient: Patient, path: string, bytes: Buffer): void {
  patient.files.set(path, bytes)
  list(patient, path)
}

const VOCABULARIES: Readonly<Record<string, (tokens: string[]) => string[]>> = {
  'no token': () => [],
  'no [PAD]': (tokens) => tokens.filter((token) => token !== '[PAD]'),
  'no [UNK]': (tokens) => tokens.filter((token) => token !== '[UNK]'),
  'a blank line': (tokens) => [...tokens.slice(0, 9), '', ...tokens.slice(9)],
  'a token twice': (tokens) => [...tokens, tokens[7]!],
  '[PAD] at the end': (tokens) => [...tokens.slice(1), tokens[0]!]
}

/** Manifests that parse and files that exist but contradict each other; also wrong contents with the right hash. */
export const LIE_DAMAGES: readonly Damage[] = [
  {
    name: 'a wrong hash',
    codes: ['asset-corrupt'],
    apply({ manifest, random }) {
      const path = random.pick(USED)
      const file = manifest.files[path]!
      const hash = String(file.sha256)
      const at = random.below(64)
      file.sha256 = random.chance(0.3)
        ? manifest.files['onnx/model_q8.onnx']!.sha256
        : hash.slice(0, at) + ((parseInt(hash[at]!, 16) + 1 + random.below(15)) % 16).toString(16) + hash.slice(at + 1)
      return `${path} has ${String(file.sha256)}`
    }
  },
  {
    name: 'a wrong size',
    codes: ['asset-corrupt', 'device-unavailable'],
    apply({ manifest, random }) {
      const path = random.pick(USED)
      const bytes = Number(manifest.files[path]!.bytes)
      const wrong = random.pick([
        0,
        1,
        bytes - 1,
        bytes + 1,
        bytes * 2,
        2 ** 31,
        2 ** 32,
        2 ** 40,
        Number.MAX_SAFE_INTEGER
      ])
      manifest.files[path]!.bytes = wrong
      return `${path} has ${wrong} instead of ${bytes}`
    }
  },
  {
    name: 'a file not listed',
    codes: ['manifest-invalid'],
    apply({ manifest, random }) {
      const path = random.pick(USED)
      delete manifest.files[path]
      return path
    }
  },
  {
    name: 'a listed file that is not there',
    codes: ['asset-missing'],
    apply({ manifest, random }) {
      const path = random.pick([
        '%2e%2e/outside.txt',
        'onnx',
        'nothing.txt',
        'Vocab.TXT',
        'vocab.txt ',
        '词.txt',
        '👍/x',
        'a'.repeat(200),
        'a/'.repeat(300) + 'b',
        'x?y=1',
        'x#y',
        '__proto'
      ])
      manifest.tokenizer.vocab = path
      manifest.files[path] = { ...manifest.files['vocab.txt']! }
      return JSON.stringify(path)
    }
  },
  {
    name: 'no such graph',
    codes: ['dtype-missing'],
    apply({ manifest }) {
      manifest.graphs = { q8: manifest.graphs.q8! }
      return 'only q8'
    }
  },
  {
    name: 'tasks in disorder',
    codes: ['manifest-invalid', 'task-unknown'],
    apply({ manifest, random }) {
      const what = random.pick(['twice', 'reversed', 'renamed', 'one only', 'inherited'])
      const { tasks } = manifest
      if (what === 'twice') tasks[1]!.name = tasks[0]!.name
      if (what === 'reversed') tasks.reverse()
      if (what === 'renamed')
        tasks.forEach((task, id) => {
          task.name = `task ${id}`
        })
      if (what === 'one only') tasks.length = 1
      if (what === 'inherited') tasks[2]!.name = '__proto__'
      return what
    }
  },
  {
    name: 'one file in the role of another',
    codes: ['asset-corrupt', 'inference-failed'],
    apply({ manifest, random }) {
      const role = random.pick(['vocab', 'dictionary', 'file'] as const)
      const own = { vocab: 'vocab.txt', dictionary: 'dictionary.bin', file: GRAPH }[role]
      const path = random.pick(USED.filter((other) => other !== own))
      if (role === 'file') manifest.graphs.int8!.file = path
      else manifest.tokenizer[role] = path
      return `${path} as ${role}`
    }
  },
  {
    name: 'a forged vocabulary',
    codes: ['asset-corrupt'],
    apply(patient) {
      const what = patient.random.pick(Object.keys(VOCABULARIES))
      const tokens = String(bytesAt(patient.files, 'vocab.txt')).trimEnd().split('\n')
      forged(patient, 'vocab.txt', Buffer.from(VOCABULARIES[what]!(tokens).join('\n')))
      return what
    }
  },
  {
    name: 'a forged dictionary',
    codes: ['asset-corrupt'],
    apply(patient) {
      const bytes = Buffer.from(bytesAt(patient.files, 'dictionary.bin'))
      const at = patient.random.below(bytes.length)
      const cut = patient.random.chance(0.5)
      if (!cut) bytes[at]! ^= 1 + patient.random.below(255)
      forged(patient, 'dictionary.bin', cut ? bytes.subarray(0, at) : bytes)
      return cut ? `cut at ${at}` : `another byte ${at}`
    }
  },
  {
    name: 'a forged graph',
    codes: ['asset-corrupt', 'inference-failed'],
    apply(patient) {
      const bytes = bytesAt(patient.files, GRAPH)
      const length = patient.random.below(Math.floor(bytes.length * 0.9))
      forged(patient, GRAPH, bytes.subarray(0, length))
      return `the first ${length} of ${bytes.length} bytes`
    }
  }
]
