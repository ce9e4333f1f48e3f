import type { ModelConfig } from './config'
import { headLayout } from './heads'
import type { Ops } from './ops'

/** The table [vocab, embedding] indexed by token id. */
export const WORD_EMBEDDINGS = 'embeddings.word'

/** Token and segment ids [batch, seq], task ids [batch]; id 0 is [PAD]. */
export interface ModelInputs<T> {
  readonly tokenIds: T
  readonly segmentIds: T
  readonly taskIds: T
}

/**
 * The network: a RoFormer whose every LayerNorm has a gain and offset per task (Su 2021, kexue.fm/archives/8337; rotary
 * positions arXiv:2104.09864). Written once, for training and for export. A cross-encoder reads both texts of a pair
 * and returns logits [batch, 2]; column 1 means a match. With tasks of other kinds it reads a pair or one text and
 * returns the logits of all heads, [batch, width] (`headLayout`). A bi-encoder reads one text and returns its vector
 * [batch, hidden] of length 1.
 */
// prettier-ignore
export function roformer<T>(ops: Ops<T>, config: ModelConfig, inputs: ModelInputs<T>): T {
  const { hiddenSize, embeddingSize, numHiddenLayers, tasks } = config
  const mask = ops.attentionMask(inputs.tokenIds)                                                    // [batch, seq]
  const norm = conditionedNorm(ops, config, inputs.taskIds)
  const dense = (x: T, name: string, from: number, to: number): T =>
    ops.dense(x, ops.param(`${name}.kernel`, [from, to], 'truncated-normal'), ops.param(`${name}.bias`, [to], 'zeros'))

  let x = norm(embeddings(ops, config, inputs), 'embeddings.norm', embeddingSize)                    // [batch, seq, embedding]
  x = ops.dropout(x, 0)
  if (embeddingSize !== hiddenSize) x = dense(x, 'embeddings.mapping', embeddingSize, hiddenSize)    // [batch, seq, hidden]
  for (let index = 0; index < numHiddenLayers; index++) {
    x = ops.layer(index, x, (input) => block(ops, config, input, index, mask, norm, dense))
  }
  if (config.normPosition === 'pre') x = norm(x, 'final.norm', hiddenSize)

  const pooled = config.pooling === 'mean' ? ops.maskedMean(x, mask) : ops.firstToken(x)             // [batch, hidden]
  if (config.architecture === 'bi-encoder') return ops.normalize(pooled)
  const { columns, width, selected } = headLayout(tasks, config.heads)
  const logits = ops.dense(
    pooled, ops.param('classifier.kernel', [hiddenSize, columns], 'glorot-uniform'), ops.param('classifier.bias', [columns], 'zeros')
  )                                                                                                  // [batch, columns]
  return selected ? ops.selectTask(logits, inputs.taskIds, width) : logits                           // [batch, width]
}

/** Input of a bi-encoder's score: the vectors [batch, hidden] of two texts, and the task ids [batch]. */
export interface VectorPair<T> {
  readonly a: T
  readonly b: T
  readonly taskIds: T
}

/**
 * A bi-encoder's logits [batch, 2]: the task's scale times the cosine plus its offset, against 0. The initial 12 and
 * -7.5 match the cosines of public sentence encoders: the middle is at .625.
 */
export function pairLogits<T>(ops: Ops<T>, { tasks }: ModelConfig, { a, b, taskIds }: VectorPair<T>): T {
  const scale = ops.gather(ops.param('score.scale', [tasks.length, 1], 12), taskIds) // [batch, 1]
  const offset = ops.gather(ops.param('score.offset', [tasks.length, 1], -7.5), taskIds) // [batch, 1]
  return ops.similarityLogits(a, b, scale, offset)
}

type Norm<T> = (x: T, name: string, width: number) => T
type Dense<T> = (x: T, name: string, from: number, to: number) => T

/** Word plus segment embeddings, plus positions if they are learned; rotary positions enter later. */
// prettier-ignore
function embeddings<T>(ops: Ops<T>, config: ModelConfig, inputs: ModelInputs<T>): T {
  const { vocabSize, typeVocabSize, embeddingSize, conditionSize, tasks } = config
  const word = ops.gather(ops.param(WORD_EMBEDDINGS, [vocabSize, embeddingSize], 'truncated-normal'), inputs.tokenIds)
  const segment = ops.gather(ops.param('embeddings.segment', [typeVocabSize, embeddingSize], 'truncated-normal'), inputs.segmentIds)
  let x = ops.add(word, segment)                                                                     // [batch, seq, embedding]
  if (config.positionEmbeddingType === 'absolute') {
    x = ops.addPositions(x, ops.param('embeddings.position', [config.maxPositionEmbeddings, embeddingSize], 'truncated-normal'))
  }
  if (config.conditioning !== 'input-embedding') return x
  const condition = ops.param('cond_embedding', [tasks.length, conditionSize], 'uniform')
  const table = ops.matmul(condition, ops.param('embeddings.condition.kernel', [conditionSize, embeddingSize], 'truncated-normal'))
  return ops.addRow(x, ops.gather(table, inputs.taskIds))
}

/** Attention, then feed-forward, each with dropout, residual and norm (after the sum, or before the branch). */
// prettier-ignore
function block<T>(ops: Ops<T>, config: ModelConfig, input: T, index: number, mask: T, norm: Norm<T>, dense: Dense<T>): T {
  const { hiddenSize, intermediateSize, numAttentionHeads: heads, normPosition } = config
  const isLast = index === config.numHiddenLayers - 1
  const pooled = (x: T): T => (isLast && config.pooling === 'cls' ? ops.onlyFirst(x) : x)
  const name = `layer.${index}`
  const positioned = (x: T): T => (config.positionEmbeddingType === 'rotary' ? ops.rotary(x, heads) : x)
  const attention = (x: T): T => {
    const query = positioned(dense(pooled(x), `${name}.attention.query`, hiddenSize, hiddenSize))
    const key = positioned(dense(x, `${name}.attention.key`, hiddenSize, hiddenSize))
    const value = dense(x, `${name}.attention.value`, hiddenSize, hiddenSize)
    const context = ops.attention(query, key, value, mask, heads)                                    // [batch, seq, hidden]
    return dense(context, `${name}.attention.output`, hiddenSize, hiddenSize)
  }
  const feedForward = (x: T): T =>
    dense(ops.gelu(dense(x, `${name}.ffn.in`, hiddenSize, intermediateSize)), `${name}.ffn.out`, intermediateSize, hiddenSize)
  const residual = (x: T, kept: T, branch: (x: T) => T, normName: string, site: number): T =>
    normPosition === 'post'
      ? norm(ops.add(kept, ops.dropout(branch(x), site)), normName, hiddenSize)
      : ops.add(kept, ops.dropout(branch(norm(x, normName, hiddenSize)), site))

  const attended = residual(input, pooled(input), attention, `${name}.attention.norm`, 1 + 2 * index)
  return residual(attended, attended, feedForward, `${name}.ffn.norm`, 2 + 2 * index)
}

/**
 * The norm of this configuration. If conditioned, gamma and beta come from the task; the table of all tasks is computed
 * first, so that a graph folds it and training multiplies as many rows as there are tasks. Both condition kernels start
 * at zero (Su 2021, kexue.fm/archives/8337).
 */
// prettier-ignore
function conditionedNorm<T>(ops: Ops<T>, config: ModelConfig, taskIds: T): Norm<T> {
  const { conditionSize, conditioning, layerNormEps, tasks } = config
  const plain = (name: string, width: number) =>
    [ops.param(`${name}.gamma`, [width], 'ones'), ops.param(`${name}.beta`, [width], 'zeros')] as const
  if (conditioning !== 'layer-norm') {
    return (x, name, width) => ops.layerNorm(x, ...plain(name, width), layerNormEps)
  }
  const condition = ops.param('cond_embedding', [tasks.length, conditionSize], 'uniform')            // [tasks, condition]
  const rows = (bias: T, kernel: string, width: number): T => {
    const table = ops.add(ops.matmul(condition, ops.param(kernel, [conditionSize, width], 'zeros')), bias)    // [tasks, width]
    return ops.gather(table, taskIds)                                                                // [batch, width]
  }
  return (x, name, width) => {
    const [gamma, beta] = plain(name, width)
    return ops.conditionalNorm(x, rows(gamma, `${name}.gamma_cond`, width), rows(beta, `${name}.beta_cond`, width), layerNormEps)
  }
}
