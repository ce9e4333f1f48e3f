import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { BinaryWriter } from '@bufbuild/protobuf/wire'
import { decodeSafetensors, encodeSafetensors, MatcherError } from '@sohu-match/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bundleEntry, tableBytes, writeTensorFlow } from '../../tools/write-tensorflow'
import { fixture } from '../checkpoint/parity.fixtures'
import { withPublicWeights } from './load'
import { changeConfig, FORMS, publicFolder, temporaryFolder, vocabulary, type Form } from './public-weights.fixtures'

/** The error that reading every parameter of a folder ends in. */
async function problem(folder: string, allowMissing: string[] = []): Promise<string> {
  const error = await withPublicWeights(folder, { seed: 1, allowMissing }, async ({ parameters }) => {
    for (const { read } of parameters) await read()
  }).then(
    () => undefined,
    (cause: unknown) => cause
  )
  expect(error).toBeInstanceOf(MatcherError)
  expect(['checkpoint-invalid', 'config-invalid', 'asset-corrupt']).toContain((error as MatcherError).code)
  return (error as MatcherError).message
}

const weightsOf = (form: Form): string => basename(FORMS[form].at(-2)!)

/** A folder whose weights file had a byte changed. */
function flipped(form: Form, at: number, file = weightsOf(form)): string {
  const folder = publicFolder(form)
  const bytes = readFileSync(join(folder, file))
  bytes[at < 0 ? bytes.length + at : at]! ^= 0x10
  writeFileSync(join(folder, file), bytes)
  return folder
}

describe('damaged weights', () => {
  it('are detected by checksum: a changed bit in a TensorFlow tensor names file, tensor, found and wanted', async () => {
    expect(await problem(flipped('tensorflow', 40_000))).toMatch(
      /data-00000-of-00001: tensor "bert\/.*" has the checksum 0x[0-9a-f]+, and the index wants 0x[0-9a-f]+/
    )
  })

  it('are detected by checksum: a changed bit in the index of a TensorFlow checkpoint', async () => {
    expect(await problem(flipped('tensorflow', 200, 'bert_model.ckpt.index'))).toMatch(
      /index: the block at byte 0 has the checksum/
    )
    expect(await problem(flipped('tensorflow', -1, 'bert_model.ckpt.index'))).toMatch(
      /does not end as the index of a TensorFlow checkpoint/
    )
  })

  it('are detected by checksum: a changed bit in a storage of a PyTorch file', async () => {
    const weights = decodeSafetensors(readFileSync(fixture('roformer-tiny-hf/model.safetensors')!), '').get(
      'roformer.embeddings.word_embeddings.weight'
    )!.data
    const place = readFileSync(fixture('roformer-tiny-hf/pytorch_model.bin')!).lastIndexOf(
      Buffer.from(weights.slice(0, 64).buffer)
    )
    expect(await problem(flipped('pytorch', place))).toMatch(/entry "pytorch_model\/data\/\d+" has the CRC-32/)
  })

  it.each(['tensorflow', 'safetensors', 'pytorch'] as const)(
    'that are cut short (%s) are refused, wherever the cut is',
    async (form) => {
      const folder = publicFolder(form)
      const whole = readFileSync(join(folder, weightsOf(form)))
      for (const length of [whole.length - 1, Math.floor(whole.length / 2), 100, 7, 0]) {
        writeFileSync(join(folder, weightsOf(form)), whole.subarray(0, length))
        expect(await problem(folder)).toContain(weightsOf(form))
      }
    }
  )

  it('of an index that is cut short or empty are refused', async () => {
    const folder = publicFolder('tensorflow')
    for (const length of [1000, 48, 8, 0]) {
      truncateSync(join(folder, 'bert_model.ckpt.index'), length)
      expect(await problem(folder)).toContain('bert_model.ckpt.index')
    }
  })

  it('never make the table reader throw anything but a coded error, whichever byte of a checksummed table changes', async () => {
    const folder = publicFolder('tensorflow')
    const path = join(folder, 'bert_model.ckpt.index')
    const whole = readFileSync(path)
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: whole.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, flip) => {
          const damaged = Buffer.from(whole)
          damaged[at]! ^= flip
          writeFileSync(path, damaged)
          const padding = at >= whole.length - 48 && at < whole.length - 8 // after the footer's handles come zeros that mean nothing
          const error = await withPublicWeights(folder, { seed: 1 }, async () => undefined).catch(
            (cause: unknown) => cause
          )
          if (error !== undefined || !padding) expect(error).toBeInstanceOf(MatcherError)
        }
      ),
      { numRuns: 60 }
    )
  })

  it('with a value that is not a finite number are refused', async () => {
    const folder = publicFolder('safetensors')
    const bytes = readFileSync(join(folder, 'model.safetensors'))
    bytes.writeFloatLE(NaN, bytes.length - 4)
    writeFileSync(join(folder, 'model.safetensors'), bytes)
    expect(await problem(folder)).toMatch(/element 2047 of tensor "roformer\.encoder\..*" is NaN/)
  })
})

describe('hostile files', () => {
  it('with a safetensors header of 10 GB, or with tensors that overlap or lie outside, are refused', async () => {
    const folder = publicFolder('safetensors')
    const header = (json: string, length = json.length, data = 8): void => {
      const bytes = Buffer.alloc(8 + json.length + data)
      bytes.writeBigUInt64LE(BigInt(length))
      bytes.write(json, 8)
      writeFileSync(join(folder, 'model.safetensors'), bytes)
    }
    const tensor = (begin: number, end: number): string =>
      `{"dtype":"F32","shape":[${(end - begin) / 4}],"data_offsets":[${begin},${end}]}`
    header('{}', 10_000_000_000)
    expect(await problem(folder)).toContain('claims 10000000000 bytes')
    header(`{"a":${tensor(0, 8)},"b":${tensor(4, 8)}}`)
    expect(await problem(folder)).toContain('overlap')
    header(`{"a":${tensor(0, 8)},"b":${tensor(8, 4_000_000)}}`)
    expect(await problem(folder)).toContain('and the file has')
  })

  it('with a TensorFlow entry outside its file, in a file that is not there, or of other bytes than its shape are refused', async () => {
    const folder = publicFolder('tensorflow')
    const header = new BinaryWriter().tag(1, 0).int32(1).finish()
    const entry = (...rest: [shard: number, offset: number, size: number, dtype?: number]) => bundleEntry([2], ...rest)
    const withEntry = (value: Uint8Array): Promise<string> => {
      writeFileSync(
        join(folder, 'bert_model.ckpt.index'),
        tableBytes([
          ['', header],
          ['w', value]
        ])
      )
      return problem(folder)
    }
    expect(await withEntry(entry(0, 1e9, 8))).toMatch(
      /tensor "w" lies at bytes 1000000000 to 1000000008, and the file has/
    )
    expect(await withEntry(entry(1, 0, 8))).toContain('tensor "w" lies in data file 1, and there are 1')
    expect(await withEntry(entry(0, 0, 12))).toContain('tensor "w" has 12 bytes, and F32 [2] wants 8')
    expect(await withEntry(entry(0, 0, 8, 23))).toContain("TensorFlow's data type 23")
    expect(await withEntry(new Uint8Array([8]))).toContain('the entry of tensor "w" cannot be read')
    writeFileSync(join(folder, 'bert_model.ckpt.index'), tableBytes([['w', header]]))
    expect(await problem(folder)).toContain('no header entry')
  })
})

describe('weights that do not fit', () => {
  it('say which tensor has which shape and what the configuration wants', async () => {
    for (const form of ['tensorflow', 'safetensors'] as const) {
      const folder = publicFolder(form)
      changeConfig(folder, form, { intermediate_size: 48 })
      expect(await problem(folder)).toMatch(
        /dense.(kernel|weight)" is \[(32, 64|64, 32)\]; its configuration requires \[(32, 48|48, 32)\] for layer\.0\.ffn\.in\.kernel/
      )
    }
  })

  it('say what is missing and what is too much, unless it is allowed by name', async () => {
    const folder = publicFolder('tensorflow')
    changeConfig(folder, 'tensorflow', { num_hidden_layers: 3 })
    expect(await problem(folder)).toMatch(
      /lacks 16 of the network's parameters: layer\.2\.attention\.query\.kernel .*and 11 more.*--allow-missing NAME/
    )
    await withPublicWeights(folder, { seed: 1, allowMissing: ['layer.2.*'] }, async ({ summary }) =>
      expect(summary.initialized).toHaveLength(13 + 20)
    )
    changeConfig(folder, 'tensorflow', { num_hidden_layers: 1 })
    expect(await problem(folder)).toContain('has 16 tensors that a RoFormer does not have: bert/encoder/layer_1/')
    await withPublicWeights(folder, { seed: 1, allowMissing: ['bert/encoder/layer_1/*'] }, async ({ summary }) =>
      expect(summary.loaded).toHaveLength(20)
    )
  })

  it('are refused when their configuration asks for a network that this is not', async () => {
    const folder = publicFolder('safetensors')
    const refusal = (changes: Record<string, unknown>): Promise<string> => {
      changeConfig(folder, 'safetensors', changes)
      return problem(folder)
    }
    expect(await refusal({ rotary_value: true })).toContain('"rotary_value" is true')
    expect(await refusal({ model_type: 'albert' })).toContain('"model_type" is "albert"')
    expect(await refusal({ model_type: 'bert' })).toContain("lacks 1 of the network's parameters: embeddings.position")
    expect(await refusal({ position_embedding_type: 'relative_key' })).toContain(
      '"position_embedding_type" is "relative_key"'
    )
    expect(await refusal({ num_hidden_groups: 1 })).toContain('"num_hidden_groups" is 1')
    expect(await refusal({ use_task_id: true })).toContain('"use_task_id" is true')
    expect(await refusal({ hidden_act: 'relu' })).toContain('hidden_act')
    expect(await refusal({ attention_head_size: 16 })).toContain('"attention_head_size" is 16')
    expect(await refusal({ hidden_size: undefined })).toContain('"hidden_size"')
    writeFileSync(join(folder, 'config.json'), '{"hidden_size": ')
    expect(await problem(folder)).toContain('is not JSON')
  })

  it('are refused with a vocabulary of another size, or none', async () => {
    const folder = publicFolder('pytorch')
    writeFileSync(join(folder, 'vocab.txt'), vocabulary(599))
    expect(await problem(folder)).toMatch(/vocab\.txt has 599 tokens; vocab_size in the configuration is 600/)
    writeFileSync(join(folder, 'vocab.txt'), '[PAD]\n\n[UNK]\n')
    expect(await problem(folder)).toContain('line 2 is blank')
  })

  it('are refused where there are none, two, or no configuration beside them', async () => {
    const empty = temporaryFolder()
    expect(await problem(empty)).toContain('holds no weights that can be read')
    expect(await problem(join(empty, 'nowhere'))).toContain('There is no file')
    writeFileSync(join(empty, 'model.safetensors'), encodeSafetensors([]))
    expect(await problem(empty)).toContain('neither bert_config.json nor config.json')
    const two = publicFolder('tensorflow')
    await writeTensorFlow(join(two, 'other'), [{ name: 'w', shape: [1], values: () => new Float32Array(1) }])
    expect(await problem(two)).toContain('there are 2 checkpoints, bert_model.ckpt.index, other.index')
  })
})
