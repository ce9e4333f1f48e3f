export { deflatedZip, laugh, START } from './bombs'
export { writeCheckpointFolder, type CheckpointContent } from './checkpoint-folder'
export { FIXTURES, readClnFixture, type ClnFixture } from './cln-fixture'
export { naiveBayesScores, oneTextAuc } from './one-text'
export { pythonWithKubernetesSchemas, pythonWithOnnx, pythonWithTritonClient } from './python-environment'
export { stateDictPickle, zipBytes, type PickledTensor } from './pytorch-file'
export { randomWeights, normals } from './random-weights'
export { SMALL_CONFIG, SMALL_BI_ENCODER, SMALL_VOCAB, smallCheckpoint } from './small-checkpoint'
export { RUN_OUTCOME, SMALL_RUN } from './small-run'
export {
  LETTERS,
  tinyGraph,
  tinyLogits,
  TINY_DICTIONARY,
  TINY_TOKENIZER,
  TINY_VOCAB,
  tinyPairLogits,
  writeTinyModel
} from './tiny-model'
