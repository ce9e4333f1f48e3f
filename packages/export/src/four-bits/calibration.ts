import { MatcherError, type Batch } from '@sohu-match/core'
import { readDataset, tokenizerOf, type GivenColumns, type OpenCheckpoint } from '@sohu-match/node'
import { batches, encodeExamples, stratified } from '../pairs'
import { parityInputs } from '../session'
import { encodeTextPairs } from '../vector-pairs'

/** Enough pairs to distinguish the errors of layers, few enough to run once for every layer. */
const CALIBRATION_PAIRS = 64

/** Labeled pairs; `columns` replaces guesses. */
export interface LabelledData {
  readonly data: string
  readonly columns?: GivenColumns | undefined
}

/** Pairs of the train split, which the gate does not see; without data, the inputs of parity.json. */
export async function calibrationBatches(
  pairs: LabelledData | undefined,
  { config, assets, parity }: OpenCheckpoint
): Promise<Batch[]> {
  if (pairs === undefined) return parity.map(parityInputs)
  const { splits } = await readDataset(pairs.data, ['train'], { columns: pairs.columns }).catch((error: unknown) => {
    if (error instanceof MatcherError && error.code === 'data-invalid') {
      throw new MatcherError('data-invalid', `q4 is calibrated on the train split: ${error.message}`, { cause: error })
    }
    throw error
  })
  const examples = stratified(splits.train, config.tasks, CALIBRATION_PAIRS)
  const tokenizer = tokenizerOf(assets)
  return [
    ...batches(
      config.architecture === 'bi-encoder'
        ? encodeTextPairs(examples, tokenizer, config.maxLength).texts
        : encodeExamples(examples, tokenizer, config.maxLength)
    )
  ]
}
