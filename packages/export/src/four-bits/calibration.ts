import { MatcherError, type Batch } from '@sohu-match/core'
import { readDataset, tokenizerOf, type OpenCheckpoint } from '@sohu-match/node'
import { batches, encodeExamples, stratified } from '../pairs'
import { parityInputs } from '../session'
import { encodeTextPairs } from '../vector-pairs'

/** Calibration pairs: enough that a layer's error is told apart from another's, few enough to run once for every layer. */
const CALIBRATION_PAIRS = 64

/** Inputs on which layers are compared: pairs of the data's train split, which the gate does not see; parity.json's where there is no data. */
export async function calibrationBatches(
  data: string | undefined,
  { config, assets, parity }: OpenCheckpoint
): Promise<Batch[]> {
  if (data === undefined) return parity.map(parityInputs)
  const { splits } = await readDataset(data, ['train']).catch((error: unknown) => {
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
