/** How a parameter starts when no checkpoint gives it; a number fills it. */
export type Initializer = 'zeros' | 'ones' | 'truncated-normal' | 'uniform' | 'glorot-uniform' | number

/**
 * The primitives that the network is written in. Training brings them over tensors and gets gradients; export brings them over graph
 * nodes and gets a graph; `parameterSpecs` brings a recorder. A `T` is opaque: the network never reads its shape, batch and seq stay free.
 */
export interface Ops<T> {
  /** The parameter of that name and shape: the checkpoint's name, the graph's initializer. */
  param(name: string, shape: readonly number[], init: Initializer): T
  /** table [rows, width], ids [..shape] -> [..shape, width]. */
  gather(table: T, ids: T): T
  /** a [rows, inner] x b [inner, columns] -> [rows, columns]. Small matrices; `dense` is for activations. */
  matmul(a: T, b: T): T
  /** Sum of two values of one shape, or b a vector along a's last axis. */
  add(a: T, b: T): T
  /** x [batch, seq, hidden] + row [batch, hidden], the row at every position. */
  addRow(x: T, row: T): T
  /** x [batch, seq, hidden] + the first seq rows of table [positions, hidden]. */
  addPositions(x: T, table: T): T
  /** x [.., in] x kernel [in, out] + bias [out] -> [.., out]. */
  dense(x: T, kernel: T, bias: T): T
  /** The exact (erf) GELU, element-wise. */
  gelu(x: T): T
  /** token ids [batch, seq] -> mask [batch, seq]: on where the id is not 0, and always at position 0. */
  attentionMask(tokenIds: T): T
  /** Rotary positions on every head of x [batch, seq, hidden]: adjacent pairs (RoFormer, arXiv:2104.09864, section 3.4.2). */
  rotary(x: T, heads: number): T
  /** softmax(q.k / sqrt(head size), keys off the mask left out) . v; all [batch, seq, hidden]. */
  attention(q: T, k: T, v: T, mask: T, heads: number): T
  /** x normalized over its last axis (biased variance), times gamma plus beta, both [hidden]. */
  layerNorm(x: T, gamma: T, beta: T, epsilon: number): T
  /** The same with gamma and beta [batch, hidden]: one gain and offset for each row of the batch. */
  conditionalNorm(x: T, gamma: T, beta: T, epsilon: number): T
  /** Mean of x [batch, seq, hidden] over the positions on the mask -> [batch, hidden]. */
  maskedMean(x: T, mask: T): T
  /** x [batch, seq, hidden] where nothing later reads a position but 0: a graph keeps only that, [batch, 1, hidden]; training keeps x. */
  onlyFirst(x: T): T
  /** x [batch, seq, hidden] at position 0 -> [batch, hidden]. */
  firstToken(x: T): T
  /** x [batch, hidden], each row divided by its L2 norm. */
  normalize(x: T): T
  /** Logits [batch, 2] of two vectors a, b [batch, hidden] of length 1: column 0 is 0, column 1 is scale a·b + offset; both [batch, 1]. */
  similarityLogits(a: T, b: T, scale: T, offset: T): T
  /** x [batch, tasks * width] -> [batch, width]: each row's own task's columns. */
  selectTask(x: T, taskIds: T, width: number): T
  /** Dropout in training, identity elsewhere; `site` numbers the place, so that its mask can be made again. */
  dropout(x: T, site: number): T
  /** Runs one block: the identity in a graph, the unit of recomputation in training. */
  layer(index: number, x: T, body: (x: T) => T): T
}
