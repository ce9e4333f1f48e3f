/** Initial values of a parameter; a number fills it. */
export type Initializer = 'zeros' | 'ones' | 'truncated-normal' | 'uniform' | 'glorot-uniform' | number

/**
 * The primitives of the network. Training implements them over tensors and gets gradients; export implements them over
 * graph nodes and gets a graph; `parameterSpecs` records. A `T` is opaque: the network never reads its shape, and batch
 * and seq are free.
 */
export interface Ops<T> {
  /** A parameter by its name in the checkpoint and the graph. */
  param(name: string, shape: readonly number[], init: Initializer): T
  /** table [rows, width], ids [..shape] -> [..shape, width]. */
  gather(table: T, ids: T): T
  /** a [rows, inner] x b [inner, columns] -> [rows, columns]. For small matrices; `dense` is for activations. */
  matmul(a: T, b: T): T
  /** Two values of one shape, or b a vector along a's last axis. */
  add(a: T, b: T): T
  /** x [batch, seq, hidden] + row [batch, hidden], the row at every position. */
  addRow(x: T, row: T): T
  /** x [batch, seq, hidden] + the first seq rows of table [positions, hidden]. */
  addPositions(x: T, table: T): T
  /** x [.., in] x kernel [in, out] + bias [out] -> [.., out]. */
  dense(x: T, kernel: T, bias: T): T
  /** The exact (erf) GELU, element-wise. */
  gelu(x: T): T
  /** token ids [batch, seq] -> mask [batch, seq]: on if the id is not 0, and always at position 0. */
  attentionMask(tokenIds: T): T
  /** Rotary positions on every head of x [batch, seq, hidden], in adjacent pairs (arXiv:2104.09864, section 3.4.2). */
  rotary(x: T, heads: number): T
  /** softmax(q.k / sqrt(head size), keys off the mask excluded) . v; all [batch, seq, hidden]. */
  attention(q: T, k: T, v: T, mask: T, heads: number): T
  /** x normalized over its last axis (biased variance), times gamma plus beta, both [hidden]. */
  layerNorm(x: T, gamma: T, beta: T, epsilon: number): T
  /** The same with gamma and beta [batch, hidden]. */
  conditionalNorm(x: T, gamma: T, beta: T, epsilon: number): T
  /** Mean of x [batch, seq, hidden] over the positions on the mask -> [batch, hidden]. */
  maskedMean(x: T, mask: T): T
  /** x [batch, seq, hidden] if only position 0 is read later: a graph keeps [batch, 1, hidden]; training keeps x. */
  onlyFirst(x: T): T
  /** x [batch, seq, hidden] at position 0 -> [batch, hidden]. */
  firstToken(x: T): T
  /** x [batch, hidden], each row divided by its L2 norm. */
  normalize(x: T): T
  /** a, b [batch, hidden] of length 1, scale and offset [batch, 1] -> logits [batch, 2]: 0 and scale a·b + offset. */
  similarityLogits(a: T, b: T, scale: T, offset: T): T
  /** x [batch, tasks * width] -> [batch, width]: the columns of each row's own task. */
  selectTask(x: T, taskIds: T, width: number): T
  /** Dropout in training, identity elsewhere; `site` identifies the place, so that its mask can be generated again. */
  dropout(x: T, site: number): T
  /** Runs one block: the identity in a graph, the unit of recomputation in training. */
  layer(index: number, x: T, body: (x: T) => T): T
}
