import { describeIssues, MatcherError, parseVocab, type ModelConfig } from '@sohu-match/core'
import { readJson, readText } from '@sohu-match/node'
import { join } from 'node:path'
import * as v from 'valibot'
import { damaged } from './source'

const tokenizerSchema = v.object({
  normalizer: v.object({
    type: v.literal('BertNormalizer'),
    clean_text: v.literal(true),
    handle_chinese_chars: v.literal(true),
    strip_accents: v.nullish(v.literal(true)),
    lowercase: v.boolean()
  }),
  pre_tokenizer: v.object({ type: v.literal('BertPreTokenizer') }),
  model: v.object({
    type: v.optional(v.literal('WordPiece')),
    unk_token: v.literal('[UNK]'),
    continuing_subword_prefix: v.optional(v.literal('##')),
    max_input_chars_per_word: v.optional(v.literal(100)),
    vocab: v.record(v.string(), v.pipe(v.number(), v.integer(), v.minValue(0)))
  })
})

/**
 * Reads the vocabulary next to public weights, from `vocab.txt` or Hugging Face's `tokenizer.json`. Texts are always
 * read in lower case, so a vocabulary with upper-case letters is refused. Throws `checkpoint-invalid`.
 */
export async function readPublicVocab(
  folder: string,
  files: readonly string[]
): Promise<{ readonly path: string; readonly text: string }> {
  const file = ['vocab.txt', 'tokenizer.json'].find((name) => files.includes(name))
  if (file === undefined)
    throw damaged(folder, 'there are weights and neither vocab.txt nor tokenizer.json; fetch it too')
  const path = join(folder, file)
  const tokens =
    file === 'vocab.txt' ? linesOf(await readText(path, 'checkpoint-invalid')) : await tokenizerTokens(path)
  const text = `${tokens.map(reachable).join('\n')}\n`
  const cased = parseVocab(text).tokens.filter((token) => /\p{Lu}/u.test(token) && !/^[[<].*[\]>]$/.test(token))
  if (cased.length === 0) return { path, text }
  throw damaged(
    path,
    `${cased.length} tokens have letters in upper case (${cased.slice(0, 3).join(', ')}), and texts are read in lower case; an uncased model is needed`
  )
}

/** Throws `checkpoint-invalid` if a vocabulary does not fit the configuration. */
export function requireVocabSize({ path, text }: { path: string; text: string }, config: ModelConfig): void {
  const count = parseVocab(text).tokens.length
  if (count === config.vocabSize) return
  throw new MatcherError(
    'checkpoint-invalid',
    `${path} has ${count} tokens; vocab_size in the configuration is ${config.vocabSize}: use the vocabulary the weights were trained with.`
  )
}

/** Texts are segmented into words if more of the tokens than this are words of several ideographs, as in WoBERT. */
const WORDS_SHARE = 0.1
const WORD = /^[\u4e00-\u9fff]{2,}$/

/** How texts are segmented for this vocabulary. */
export function wordSegmentationOf(vocab: string): ModelConfig['wordSegmentation'] {
  const { tokens } = parseVocab(vocab)
  return tokens.filter((token) => WORD.test(token)).length > WORDS_SHARE * tokens.length ? 'jieba' : 'none'
}

/** Lines end with "\n" only: BERT's Chinese vocabulary has U+2028 as a token. */
function linesOf(text: string): string[] {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''))
  if (lines.at(-1) === '') lines.pop()
  return lines
}

async function tokenizerTokens(path: string): Promise<string[]> {
  const parsed = v.safeParse(tokenizerSchema, await readJson(path, 'checkpoint-invalid', 'checkpoint-invalid'))
  if (!parsed.success) throw damaged(path, `it is not the tokenizer of a BERT: ${describeIssues(parsed.issues)}`)
  const entries = Object.entries(parsed.output.model.vocab).sort(([, one], [, other]) => one - other)
  const gap = entries.findIndex(([, id], position) => id !== position)
  if (gap >= 0) throw damaged(path, `its vocabulary has no token with the id ${gap}`)
  return entries.map(([token]) => token)
}

/** Replaces a white-space token, which no text can contain, by a name that fits on a line. */
function reachable(token: string, id: number): string {
  return /^(##)?[\u2028\u2029\x85]+$/.test(token) ? `[white-space-${id}]` : token
}
