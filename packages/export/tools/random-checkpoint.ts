import { existsSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import {
  buildVocab,
  countWords,
  createSegmenter,
  openDictionary,
  parseModelConfig,
  parseVocab,
  type ModelConfig,
  type ParityBatch
} from '@sohu-match/core'
import { userPath } from '@sohu-match/node'
import { Command } from 'commander'
import { normals, randomWeights, writeCheckpointFolder } from '@sohu-match/testing'
import { withOwnOutputs } from './consistent-checkpoint'

/** Source of the default vocabulary: a few topics, so that a tokenizer has words to find. */
const TEXTS = [
  '今天北京天气晴朗，最高气温二十五度，适合外出。',
  '国足昨晚在世界杯预选赛中以二比一战胜对手。',
  '央行宣布下调存款准备金率零点五个百分点。',
  '苹果公司发布了新款手机，电池续航提升了百分之二十。',
  '上海迪士尼乐园下个月起调整门票价格。',
  '研究人员发现每天跑步三十分钟有助于睡眠。',
  '这部电影上映三天票房已经突破十亿元。',
  '地震发生在凌晨四点，目前没有人员伤亡的报告。',
  '高考成绩今天公布，考生可以在网上查询。',
  'NBA 总决赛第七场，湖人队以 102:99 获胜。'
]

interface Flags {
  readonly out: string
  readonly vocab?: string
  readonly seed: string
  readonly layers: string
  readonly hidden: string
  readonly heads: string
  readonly intermediate: string
  readonly maxLength: string
  readonly biEncoder?: boolean
}

function builtVocab(): string {
  const dictionary = readFileSync(fileURLToPath(new URL('../../core/dist/dictionary.bin', import.meta.url)))
  return `${buildVocab(countWords(TEXTS, createSegmenter(openDictionary(dictionary))), { size: 4000 }).join('\n')}\n`
}

/** Every task, a padded batch, a row of maximum length. */
function parityInputs(config: ModelConfig): ParityBatch[] {
  const normal = normals(5)
  const id = () => 5 + (Math.floor(Math.abs(normal()) * 1000) % (config.vocabSize - 5))
  const lengths = [...config.tasks.map((_, index) => 8 + 3 * index), config.maxLength]
  const padded = Math.max(...lengths.slice(0, -1))
  const row = (length: number, to: number) => Array.from({ length: to }, (_, i) => (i < length ? id() : 0))
  const batch = (rows: number[][], taskIds: number[]): ParityBatch => ({
    tokenIds: rows,
    segmentIds: rows.map((ids) => ids.map((_, i) => (i > ids.length / 3 ? 1 : 0))),
    taskIds,
    outputs: []
  })
  return [
    batch(
      lengths.slice(0, -1).map((length) => row(length, padded)),
      config.tasks.map((task) => task.id)
    ),
    batch([row(config.maxLength, config.maxLength)], [0])
  ]
}

const flags = new Command('random-checkpoint')
  .description('Writes a checkpoint folder of seeded random weights, for tests and benches.')
  .requiredOption('--out <dir>', 'the checkpoint folder to write')
  .option('--vocab <file>', 'a vocab.txt; without it a small one is made')
  .option('--seed <number>', 'seed of the weights', '1')
  .option('--layers <number>', 'num_hidden_layers', '2')
  .option('--hidden <number>', 'hidden_size', '64')
  .option('--heads <number>', 'num_attention_heads', '4')
  .option('--intermediate <number>', 'intermediate_size', '256')
  .option('--max-length <number>', 'max_length', '128')
  .option('--bi-encoder', 'a bi-encoder with learned positions, [CLS] pooling and no word segmentation')
  .parse()
  .opts<Flags>()

const out = userPath(flags.out)
if (existsSync(out)) throw new Error(`${out} is already there; remove it or name another folder.`)
const vocab = flags.vocab === undefined ? builtVocab() : await readFile(userPath(flags.vocab), 'utf8')
const config = parseModelConfig({
  vocab_size: parseVocab(vocab).tokens.length,
  hidden_size: Number(flags.hidden),
  num_hidden_layers: Number(flags.layers),
  num_attention_heads: Number(flags.heads),
  intermediate_size: Number(flags.intermediate),
  max_length: Number(flags.maxLength),
  ...(flags.biEncoder && {
    architecture: 'bi-encoder',
    pooling: 'cls',
    position_embedding_type: 'absolute',
    max_position_embeddings: Number(flags.maxLength),
    word_segmentation: 'none'
  })
})
const weights = randomWeights(config, Number(flags.seed))
// The outputs come from the fp32 graph itself: they prove files, not arithmetic.
const parity = await withOwnOutputs(config, weights, parityInputs(config))
writeCheckpointFolder(out, { config, weights, vocab, parity })
