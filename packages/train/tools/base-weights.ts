/**
 * Writes random weights with the names and sizes of a public RoFormer base (12 x 768, 50,000 tokens), to try and time `import` without
 * one.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { elementCount, parameterSpecs, parseModelConfig, SPECIAL_TOKENS, type ParameterSpec } from '@sohu-match/core'
import { createRandom } from '../src/data/random'
import { HUGGING_FACE_NAMES, sourceNames, TENSORFLOW_NAMES } from '../src/pretrained/names'
import { writeWeights } from '../src/checkpoint/weights-file'
import { writeTensorFlow } from './write-tensorflow'

/** The published sizes of chinese_roformer_L-12_H-768_A-12. */
export const BASE = {
  vocab_size: 50_000,
  hidden_size: 768,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  intermediate_size: 3072,
  type_vocab_size: 2,
  hidden_act: 'gelu'
} as const

/** Writes a folder as a person would have fetched it: a TensorFlow checkpoint, or Hugging Face's safetensors. */
export async function writeBaseWeights(folder: string, form: 'tensorflow' | 'safetensors'): Promise<void> {
  await mkdir(folder, { recursive: true })
  const config = parseModelConfig(BASE)
  const table = form === 'tensorflow' ? TENSORFLOW_NAMES : HUGGING_FACE_NAMES
  const names = sourceNames(table, config.numHiddenLayers)
  const tensors = parameterSpecs(config)
    .filter(({ name }) => names.has(name))
    .map((spec) => ({
      name: `${form === 'safetensors' ? 'roformer.' : ''}${names.get(spec.name)!}`,
      shape: table.transposed(spec.name) ? [...spec.shape].reverse() : spec.shape,
      values: () => randomValues(spec)
    }))
  if (form === 'tensorflow') await writeTensorFlow(join(folder, 'bert_model.ckpt'), tensors)
  else
    await writeWeights(
      join(folder, 'model.safetensors'),
      tensors.map(({ name, shape, values }) => ({ name, shape, read: values })),
      { format: 'pt' }
    )
  const json =
    form === 'tensorflow'
      ? BASE
      : { ...BASE, model_type: 'roformer', embedding_size: 768, layer_norm_eps: 1e-12, rotary_value: false }
  await writeFile(join(folder, form === 'tensorflow' ? 'bert_config.json' : 'config.json'), JSON.stringify(json))
  const tokens = Array.from({ length: BASE.vocab_size }, (_, id) => SPECIAL_TOKENS[id] ?? `token${id}`)
  await writeFile(join(folder, 'vocab.txt'), `${tokens.join('\n')}\n`)
}

/** Gains near 1, everything else near 0, from a stream of the tensor's own. Uniform numbers: normal ones would take minutes. */
function randomValues({ name, shape }: ParameterSpec): Float32Array {
  const random = createRandom('base', name)
  const center = name.endsWith('gamma') ? 1 : 0
  return new Float32Array(elementCount(shape)).map(() => center + 0.07 * (random.next() - 0.5))
}
