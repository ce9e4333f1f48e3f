import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTokenizer, encodePairs, type EncodedPair, type Manifest } from '@sohu-match/core'

/** Common words and Chinese punctuation, which every side tokenizes alike. */
export const SENTENCES = [
  '今天上午记者从会议上了解到，公司将在明年推出新的产品，并与多家企业展开合作，市场反应积极。',
  '多地气温创下入冬以来新低，有关部门启动应急预案，保障供暖和出行。',
  '昨晚的比赛中，主队在最后时刻连进两球，以三比二战胜对手，升至积分榜第二位。',
  '研究人员发现，每天坚持步行半小时的人睡眠更好，患病的风险也明显降低。',
  '央行宣布下调存款准备金率，专家认为此举有利于降低企业的融资成本。',
  '这部电影上映三天，票房已经突破十亿元，观众对演员的表现评价很高。'
]

/** Two texts, and their sequence for sides that need token ids. */
export interface BenchPair {
  readonly a: string
  readonly b: string
  readonly ready: EncodedPair
}

export interface PairMaker {
  /** A pair of about this many tokens. */
  ofTokens(tokens: number): BenchPair
  /** Alternates two short texts, a short and a long one, and two long ones, like the tasks. */
  mixed(count: number): BenchPair[]
}

/** Reads the model's vocabulary and dictionary. */
export function createPairMaker(folder: string, { tokenizer, maxLength }: Manifest): PairMaker {
  const { ids, vocab } = createTokenizer(
    readFileSync(join(folder, tokenizer.vocab), 'utf8'),
    tokenizer.dictionary === undefined ? undefined : readFileSync(join(folder, tokenizer.dictionary))
  )
  const pairOf = (a: string, b: string): BenchPair => ({
    a,
    b,
    ready: encodePairs({ ids, vocab }, [{ a, b }], { maxLength, truncation: 'longest-first' })[0]!
  })
  return {
    ofTokens(tokens) {
      for (let length = 4; ; length++) {
        const pair = pairOf(textOf(length, 0), textOf(length, 3))
        if (pair.ready.tokenIds.length >= Math.min(tokens, maxLength)) return pair
      }
    },
    mixed(count) {
      const short = (i: number): number => 8 + ((i * 7_919) % 33)
      const long = (i: number): number => 60 + ((i * 7_919) % 201)
      return Array.from({ length: count }, (_, i) =>
        pairOf(textOf((i % 3 < 2 ? short : long)(i), i * 31), textOf((i % 3 < 1 ? short : long)(i + 5), i * 17))
      )
    }
  }
}

const TEXT = SENTENCES.join('')

/** This many characters of the sentences, from an offset on. */
function textOf(length: number, from: number): string {
  const start = from % TEXT.length
  return TEXT.repeat(Math.ceil((start + length) / TEXT.length)).slice(start, start + length)
}
