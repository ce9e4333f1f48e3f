import { MatcherError, WORD_EMBEDDINGS, type ModelConfig } from '@sohu-match/core'
import { readOrigin, type Origin } from '@sohu-match/node'
import { initialValues } from '../initialization/parameters'
import type { LazyTensor } from '../checkpoint/weights-file'
import { openPublicWeights, type PublicWeights } from './open'
import { planLoad, type Assignment, type LoadPlan, type LoadSummary } from './plan'
import type { OwnSwitches } from './config'
import { bundledDictionary } from '../checkpoint/dictionary'
import { transpose } from './transpose'
import { withRotaryPositions } from './rotary-positions'
import { allRows, reachableRows, rowsWithWords, tableOf } from './vocabulary-rows'

export interface PublicStart {
  readonly config: ModelConfig
  readonly vocab: string
  /** Present if the folder names it. */
  readonly origin: Origin | undefined
  readonly summary: LoadSummary
  /** Every parameter of `config`, read when needed: loaded, or at the baseline's initial values. */
  readonly parameters: readonly LazyTensor[]
}

export interface LoadOptions extends OwnSwitches {
  /** Seed of the parameters that the source lacks. */
  readonly seed: number
  /** Tensors that may be missing or unknown. */
  readonly allowMissing?: readonly string[] | undefined
  /** Removes tokens that no text can contain. */
  readonly pruneVocabulary?: boolean | undefined
  /** Maximum number of words to add to a vocabulary of characters, which jieba then segments. Default: 0. */
  readonly words?: number | undefined
  /** Leaves out the table of learned positions: the network rotates queries and keys instead. */
  readonly rotaryPositions?: boolean | undefined
}

/**
 * Opens the public weights in a folder, matches them with the network, and passes them to `use` once names, shapes,
 * configuration and vocabulary have been checked. Reading a parameter throws `checkpoint-invalid` for damaged bytes.
 */
export async function withPublicWeights<T>(
  folder: string,
  options: LoadOptions,
  use: (start: PublicStart) => Promise<T>
): Promise<T> {
  const opened = await openPublicWeights(folder, options)
  try {
    const plan = planLoad(opened.source, opened.names, opened.config, options.allowMissing)
    const network = options.rotaryPositions ? withRotaryPositions(opened, plan) : { opened, plan }
    const start = startOf(network, await readOrigin(folder), options.seed)
    return await use(await withVocabulary(start, options))
  } finally {
    await opened.source.close()
  }
}

function startOf(
  {
    opened: { config, vocab },
    plan: { assignments, summary }
  }: { readonly opened: PublicWeights; readonly plan: LoadPlan },
  origin: Origin | undefined,
  seed: number
): PublicStart {
  return {
    config,
    vocab,
    origin,
    summary,
    parameters: assignments.map((assignment) => ({
      name: assignment.spec.name,
      shape: assignment.spec.shape,
      read: () => valuesOf(assignment, seed, summary.files[0]!)
    }))
  }
}

/** Adapts the word table to a smaller or larger vocabulary. */
async function withVocabulary(start: PublicStart, { pruneVocabulary, words = 0 }: LoadOptions): Promise<PublicStart> {
  if (!pruneVocabulary && words === 0) return start
  const config = { ...start.config, ...(words > 0 && { wordSegmentation: 'jieba' as const }) }
  let rows = allRows(start.vocab)
  if (words > 0) rows = rowsWithWords(rows, (await bundledDictionary()).dictionary, words)
  if (pruneVocabulary) rows = reachableRows(rows, config.wordSegmentation)
  const { embeddingSize } = config
  const parameters = start.parameters.map((parameter) =>
    parameter.name === WORD_EMBEDDINGS
      ? {
          ...parameter,
          shape: [rows.tokens.length, embeddingSize],
          read: async () => tableOf(await parameter.read(), rows, embeddingSize)
        }
      : parameter
  )
  return {
    ...start,
    config: { ...config, vocabSize: rows.tokens.length },
    vocab: `${rows.tokens.join('\n')}\n`,
    parameters
  }
}

async function valuesOf({ spec, tensor, transposed }: Assignment, seed: number, file: string): Promise<Float32Array> {
  if (!tensor) return initialValues(spec, seed)
  const values = await tensor.read()
  const bad = values.findIndex((value) => !Number.isFinite(value))
  if (bad >= 0)
    throw new MatcherError(
      'checkpoint-invalid',
      `${file}: element ${bad} of tensor "${tensor.name}" is ${values[bad]}; weights must be finite numbers.`
    )
  return transposed ? transpose(values, spec.shape[1]!, spec.shape[0]!) : values
}
