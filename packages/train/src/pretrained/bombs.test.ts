import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MatcherError, parseModelConfig } from '@sohu-match/core'
import { beforeEach, describe, expect, it } from 'vitest'
import { deflatedZip, laugh, START, zipBytes } from '@sohu-match/testing'
import { openPublicWeights } from './open'
import { publicFolder, temporaryFolder } from './public-weights.fixtures'
import { openPyTorch } from './pytorch/checkpoint'

/** What a pickle of these latin-1 characters is refused with; the reader has to come to an end by itself. */
async function refusal(pickle: string): Promise<string> {
  const path = join(temporaryFolder(), 'pytorch_model.bin')
  writeFileSync(path, zipBytes({ 'x/data.pkl': Buffer.from(pickle, 'latin1') }))
  return coded(openPyTorch(path))
}

async function coded(opening: Promise<unknown>): Promise<string> {
  const error = await opening.then(
    () => new Error('it was accepted'),
    (cause: unknown) => cause as MatcherError
  )
  expect(error).toMatchObject({ name: 'MatcherError', code: 'checkpoint-invalid' })
  return error.message
}

describe('a pickle that is small and grows without end', () => {
  it('as the name of a global is refused unread', async () => {
    expect(await refusal(`${laugh()}h\x1bh\x1b\x93.`)).toContain('names a global by something that is not a text')
  })

  it('as a key of the state dict is refused unread', async () => {
    expect(await refusal(`${laugh()}}h\x1bNs.`)).toContain('its entry under a tuple is not a tensor')
  })

  it('that holds itself is refused', async () => {
    expect(await refusal(`${START}}\x94X\x05\x00\x00\x00modelh\x00s.`)).toContain('its entry "model" is not a tensor')
  })

  it('that appends 300,000 items at once is read, and refused for what it is', async () => {
    expect(await refusal(`${START}](${'N'.repeat(300_000)}e.`)).toContain('it holds no state dict')
  })
})

describe('a zip entry', () => {
  const refusalOf = (bytes: Uint8Array): Promise<string> => {
    const path = join(temporaryFolder(), 'pytorch_model.bin')
    writeFileSync(path, bytes)
    return coded(openPyTorch(path))
  }
  const small = Buffer.from(`${START}N.`, 'latin1')

  it('is read where it is compressed and small', async () => {
    expect(await refusalOf(deflatedZip(small, small.length))).toContain('it holds no state dict')
  })

  it('that inflates to more than any pickle has is refused before it is inflated', async () => {
    const zeros = Buffer.alloc(2 ** 24 + 1)
    expect(await refusalOf(deflatedZip(zeros, zeros.length))).toContain('claims 16777217 bytes')
  })

  it('that inflates to more than it claims is refused', async () => {
    expect(await refusalOf(deflatedZip(Buffer.alloc(2 ** 24), 100))).toContain('is not a complete zip archive')
  })

  it.each([0xfffffff0, 2 ** 53 - 2])('that claims %d bytes takes no memory for them', async (claimed) => {
    expect(await refusalOf(deflatedZip(small, claimed))).toContain(`claims ${claimed} bytes`)
  })
})

describe.skipIf(process.platform === 'win32')('a pipe instead of a file', () => {
  let folder: string
  const pipe = (name: string): void => {
    rmSync(join(folder, name), { force: true })
    execFileSync('mkfifo', [join(folder, name)])
  }
  beforeEach(() => {
    folder = join(temporaryFolder(), 'weights')
    mkdirSync(folder)
  })

  it.each([
    ['safetensors', 'model.safetensors'],
    ['safetensors', 'config.json'],
    ['safetensors', 'vocab.txt'],
    ['pytorch', 'pytorch_model.bin'],
    ['tensorflow', 'bert_model.ckpt.data-00000-of-00001']
  ] as const)('of a %s checkpoint, as %s, is refused and never waited for', async (form, file) => {
    publicFolder(form, folder)
    pipe(file)
    expect(await coded(openPublicWeights(folder))).toContain(file)
  })

  it.each(['model.safetensors.index.json', 'pytorch_model.bin.index.json'])(
    'is refused as %s and as the part that it names',
    async (index) => {
      publicFolder('safetensors', folder)
      rmSync(join(folder, 'model.safetensors'))
      writeFileSync(join(folder, index), JSON.stringify({ weight_map: { x: 'part' } }))
      pipe('part')
      expect(await coded(openPublicWeights(folder))).toMatch(/part:? is not a file/)
      pipe(index)
      expect(await coded(openPublicWeights(folder))).toContain(`${index} is not a file`)
    }
  )
})

describe('a configuration', () => {
  it('of sixteen million layers is refused before they are named', () => {
    const sizes = { vocab_size: 8, hidden_size: 4, num_attention_heads: 1, intermediate_size: 4 }
    expect(() => parseModelConfig({ ...sizes, num_hidden_layers: 2 ** 24 })).toThrow(/"num_hidden_layers" should be/)
  })
})

describe('a hole in a file', () => {
  it('of 64 GiB is refused by its header, not read', async () => {
    const folder = publicFolder('safetensors')
    truncateSync(join(folder, 'model.safetensors'), 2 ** 36)
    expect(await coded(openPublicWeights(folder))).toContain('its tensors end at byte')
  })
})
