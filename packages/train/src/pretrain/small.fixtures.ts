import { readFileSync } from 'node:fs'
import { createTokenizer, type Tokenizer } from '@sohu-match/core'
import { demoPairs } from '../data/demo-corpus'
import { bundledDictionary } from '../checkpoint/dictionary'

/** The small vocabulary of core's fixtures: the text of vocab.txt. */
export const vocab = readFileSync(new URL('../../../core/fixtures/vocab.txt', import.meta.url), 'utf8')

/** Forty sentences of the embedded corpus. */
export const sentences = demoPairs(0, 'train', 40).map(({ source }) => source)

/** A configuration whose network trains in seconds. */
export const json = {
  model: {
    vocab_size: 600,
    hidden_size: 16,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    intermediate_size: 32,
    max_length: 32,
    condition_size: 4,
    hidden_dropout_prob: 0
  },
  epochs: 1,
  batch_pairs: 8,
  batch_tokens: 512,
  learning_rate: 0.01,
  clip_norm: 1
}

/** The tokenizer of that vocabulary. */
export async function smallTokenizer(): Promise<Tokenizer> {
  return createTokenizer(vocab, (await bundledDictionary()).dictionary)
}
