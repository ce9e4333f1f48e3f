import type { NamePair, NameTable } from '../names'

/** The weights of a bert4keras layer in Keras' order: its name, its leaf in tf.keras' object names, ours. */
type Weights = readonly (readonly [hdf5: string, object: string, ours: string])[]

const norm = (ours: string): Weights => [
  ['0/beta', 'beta', `${ours}.beta`],
  ['1/gamma', 'gamma', `${ours}.gamma`],
  ['2/kernel', 'beta_dense/kernel', `${ours}.beta_cond`],
  ['3/kernel', 'gamma_dense/kernel', `${ours}.gamma_cond`]
]

const dense = (place: number, object: string, ours: string): Weights => [
  [`${place}/kernel`, `${object}/kernel`, `${ours}.kernel`],
  [`${place + 1}/bias`, `${object}/bias`, `${ours}.bias`]
]

/** Layers with weights in the order of the baseline's model, their number in tf.keras, and their weights. */
const LAYERS: readonly (readonly [layer: string, number: string, Weights])[] = [
  ['Embedding-Token', '0', [['0/embeddings', 'embeddings', 'embeddings.word']]],
  ['Embedding-Segment', '1', [['0/embeddings', 'embeddings', 'embeddings.segment']]],
  ['condition', '2', [['0/embeddings', 'embeddings', 'cond_embedding']]],
  ['Embedding-Norm', '3', norm('embeddings.norm')],
  [
    'Transformer-{i}-MultiHeadSelfAttention',
    '{4i+4}',
    [
      ...dense(0, 'q_dense', 'layer.{i}.attention.query'),
      ...dense(2, 'k_dense', 'layer.{i}.attention.key'),
      ...dense(4, 'v_dense', 'layer.{i}.attention.value'),
      ...dense(6, 'o_dense', 'layer.{i}.attention.output')
    ]
  ],
  ['Transformer-{i}-MultiHeadSelfAttention-Norm', '{4i+5}', norm('layer.{i}.attention.norm')],
  [
    'Transformer-{i}-FeedForward',
    '{4i+6}',
    [...dense(0, 'i0_dense', 'layer.{i}.ffn.in'), ...dense(2, 'o_dense', 'layer.{i}.ffn.out')]
  ],
  ['Transformer-{i}-FeedForward-Norm', '{4i+7}', norm('layer.{i}.ffn.norm')]
]

/** The baseline's whole model, including condition and head, as Keras saves it in HDF5. */
export const KERAS_NAMES: NameTable = {
  kind: 'Keras model (HDF5)',
  transposed: () => false,
  ignored: [],
  pairs: [
    ...LAYERS.flatMap(([layer, , weights]) => weights.map(([hdf5, , ours]): NamePair => [`${layer}/${hdf5}`, ours])),
    ['classifier/0/kernel', 'classifier.kernel'],
    ['classifier/1/bias', 'classifier.bias']
  ]
}

/** Suffix of variables in tf.keras. */
const SUFFIX = '/.ATTRIBUTES/VARIABLE_VALUE'

/** The same without the ending `.h5`: a TensorFlow checkpoint whose names are paths in the model. */
export const KERAS_OBJECT_NAMES: NameTable = {
  kind: 'Keras model (TensorFlow format)',
  transposed: () => false,
  ignored: [/^save_counter\//, /^optimizer\//, /\/\.OPTIMIZER_SLOT\//],
  pairs: [
    ...LAYERS.flatMap(([, number, weights]) =>
      weights.map(([, object, ours]): NamePair => [`layer_with_weights-${number}/${object}${SUFFIX}`, ours])
    ),
    [`layer_with_weights-{4n+4}/kernel${SUFFIX}`, 'classifier.kernel'],
    [`layer_with_weights-{4n+4}/bias${SUFFIX}`, 'classifier.bias']
  ]
}

/** Detects tf.keras' TensorFlow format. */
export function isKerasObjects(names: Iterable<string>): boolean {
  for (const name of names) if (name.startsWith('layer_with_weights-')) return true
  return false
}
