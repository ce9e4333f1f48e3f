/**
 * Names in a source and in this project; `{i}` is the layer, `{4i+5}` and `{4n+4}` are computed from it and from their
 * number.
 */
export type NamePair = readonly [source: string, ours: string]

export interface NameTable {
  /** For messages. */
  readonly kind: string
  readonly pairs: readonly NamePair[]
  /** Names that are ignored: heads for other purposes, computed tables, optimizer state. */
  readonly ignored: readonly RegExp[]
  /** Our names of kernels that the source stores as [out, in]. */
  readonly transposed: (name: string) => boolean
}

const KERNEL = /\.kernel$/

/** BERT, and RoFormer under the same names (bert4keras `RoFormer.variable_mapping`). Kernels are [in, out]. */
export const TENSORFLOW_NAMES: NameTable = {
  kind: 'TensorFlow checkpoint',
  transposed: () => false,
  ignored: [
    /^cls\/predictions\//,
    /^cls\/seq_relationship\//,
    /^bert\/pooler\//,
    /^global_step$/,
    /^(beta[12]_power|learning_rate)$/,
    /\/(adam_[mv]|Adam(_1)?|lamb_[mv])$/
  ],
  pairs: [
    ['bert/embeddings/word_embeddings', 'embeddings.word'],
    ['bert/embeddings/token_type_embeddings', 'embeddings.segment'],
    ['bert/embeddings/position_embeddings', 'embeddings.position'],
    ['bert/embeddings/LayerNorm/gamma', 'embeddings.norm.gamma'],
    ['bert/embeddings/LayerNorm/beta', 'embeddings.norm.beta'],
    ['bert/encoder/embedding_hidden_mapping_in/kernel', 'embeddings.mapping.kernel'],
    ['bert/encoder/embedding_hidden_mapping_in/bias', 'embeddings.mapping.bias'],
    ['bert/encoder/layer_{i}/attention/self/query/kernel', 'layer.{i}.attention.query.kernel'],
    ['bert/encoder/layer_{i}/attention/self/query/bias', 'layer.{i}.attention.query.bias'],
    ['bert/encoder/layer_{i}/attention/self/key/kernel', 'layer.{i}.attention.key.kernel'],
    ['bert/encoder/layer_{i}/attention/self/key/bias', 'layer.{i}.attention.key.bias'],
    ['bert/encoder/layer_{i}/attention/self/value/kernel', 'layer.{i}.attention.value.kernel'],
    ['bert/encoder/layer_{i}/attention/self/value/bias', 'layer.{i}.attention.value.bias'],
    ['bert/encoder/layer_{i}/attention/output/dense/kernel', 'layer.{i}.attention.output.kernel'],
    ['bert/encoder/layer_{i}/attention/output/dense/bias', 'layer.{i}.attention.output.bias'],
    ['bert/encoder/layer_{i}/attention/output/LayerNorm/gamma', 'layer.{i}.attention.norm.gamma'],
    ['bert/encoder/layer_{i}/attention/output/LayerNorm/beta', 'layer.{i}.attention.norm.beta'],
    ['bert/encoder/layer_{i}/intermediate/dense/kernel', 'layer.{i}.ffn.in.kernel'],
    ['bert/encoder/layer_{i}/intermediate/dense/bias', 'layer.{i}.ffn.in.bias'],
    ['bert/encoder/layer_{i}/output/dense/kernel', 'layer.{i}.ffn.out.kernel'],
    ['bert/encoder/layer_{i}/output/dense/bias', 'layer.{i}.ffn.out.bias'],
    ['bert/encoder/layer_{i}/output/LayerNorm/gamma', 'layer.{i}.ffn.norm.gamma'],
    ['bert/encoder/layer_{i}/output/LayerNorm/beta', 'layer.{i}.ffn.norm.beta']
  ]
}

/** Without prefix (transformers `modeling_bert`, `modeling_roformer`). Linear weights are [out, in]. */
export const HUGGING_FACE_NAMES: NameTable = {
  kind: 'Hugging Face checkpoint',
  transposed: (name) => KERNEL.test(name),
  ignored: [/^cls\./, /^pooler\./, /^encoder\.embed_positions\.weight$/, /^embeddings\.position_ids$/],
  pairs: [
    ['embeddings.word_embeddings.weight', 'embeddings.word'],
    ['embeddings.token_type_embeddings.weight', 'embeddings.segment'],
    ['embeddings.position_embeddings.weight', 'embeddings.position'],
    ['embeddings.LayerNorm.weight', 'embeddings.norm.gamma'],
    ['embeddings.LayerNorm.bias', 'embeddings.norm.beta'],
    ['embeddings_project.weight', 'embeddings.mapping.kernel'],
    ['embeddings_project.bias', 'embeddings.mapping.bias'],
    ['encoder.layer.{i}.attention.self.query.weight', 'layer.{i}.attention.query.kernel'],
    ['encoder.layer.{i}.attention.self.query.bias', 'layer.{i}.attention.query.bias'],
    ['encoder.layer.{i}.attention.self.key.weight', 'layer.{i}.attention.key.kernel'],
    ['encoder.layer.{i}.attention.self.key.bias', 'layer.{i}.attention.key.bias'],
    ['encoder.layer.{i}.attention.self.value.weight', 'layer.{i}.attention.value.kernel'],
    ['encoder.layer.{i}.attention.self.value.bias', 'layer.{i}.attention.value.bias'],
    ['encoder.layer.{i}.attention.output.dense.weight', 'layer.{i}.attention.output.kernel'],
    ['encoder.layer.{i}.attention.output.dense.bias', 'layer.{i}.attention.output.bias'],
    ['encoder.layer.{i}.attention.output.LayerNorm.weight', 'layer.{i}.attention.norm.gamma'],
    ['encoder.layer.{i}.attention.output.LayerNorm.bias', 'layer.{i}.attention.norm.beta'],
    ['encoder.layer.{i}.intermediate.dense.weight', 'layer.{i}.ffn.in.kernel'],
    ['encoder.layer.{i}.intermediate.dense.bias', 'layer.{i}.ffn.in.bias'],
    ['encoder.layer.{i}.output.dense.weight', 'layer.{i}.ffn.out.kernel'],
    ['encoder.layer.{i}.output.dense.bias', 'layer.{i}.ffn.out.bias'],
    ['encoder.layer.{i}.output.LayerNorm.weight', 'layer.{i}.ffn.norm.gamma'],
    ['encoder.layer.{i}.output.LayerNorm.bias', 'layer.{i}.ffn.norm.beta']
  ]
}

/** An ONNX file's kernels are [in, out]. */
export const ONNX_NAMES: NameTable = { ...HUGGING_FACE_NAMES, kind: 'ONNX file', transposed: () => false }

/** From our names to the source's, for this number of layers. */
export function sourceNames({ pairs }: NameTable, layers: number): Map<string, string> {
  const filled = (name: string, layer: number): string =>
    name.replace(/\{(\d*)([in])(?:\+(\d+))?\}/g, (_, factor: string, variable: string, more: string) =>
      String(Number(factor || 1) * (variable === 'i' ? layer : layers) + Number(more || 0))
    )
  return new Map(
    pairs.flatMap(([source, ours]): [string, string][] =>
      Array.from({ length: ours.includes('{i}') ? layers : 1 }, (_, i) => [filled(ours, i), filled(source, i)])
    )
  )
}
