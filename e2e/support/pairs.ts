import type { Task } from '@sohu-match/sdk-web'

const SENTENCES = [
  '国足在主场二比一战胜对手，拿到关键的三分。',
  '球迷连夜排队，只为一张决赛的门票。',
  '这座城市的地铁新线下月开通，票价按里程计算。',
  '央行下调存款准备金率，市场反应平稳。',
  'NBA 总决赛第七场以 102:99 结束。',
  '气象台发布高温橙色预警，最高气温将达 39℃。',
  '研究人员在海底发现了新的物种。',
  '新能源汽车上半年出口增长七成。',
  '电影上映三天，票房突破十亿元！'
]

/** A text of `count` sentences, starting at sentence `from`. */
function text(from: number, count: number): string {
  return Array.from({ length: count }, (_, i) => SENTENCES[(from + i * 4) % SENTENCES.length]).join('')
}

/** Pairs of all six tasks, from one word to far beyond the maximum length, with marks, Latin letters and emoji. */
export const PAIRS: readonly { readonly a: string; readonly b: string; readonly task: Task }[] = [
  { a: text(0, 1), b: text(4, 1), task: 'A-ss' },
  { a: '国足', b: '足球', task: 'B-ss' },
  { a: text(2, 1), b: text(2, 6), task: 'A-sl' },
  { a: text(5, 1), b: text(3, 30), task: 'B-sl' },
  { a: text(1, 12), b: text(1, 11), task: 'A-ll' },
  { a: text(6, 40), b: text(7, 40), task: 'B-ll' },
  { a: 'Ｔｈｅ１２３ café ①', b: '👍🏽 好！\u200b', task: 'A-ss' },
  { a: text(8, 2), b: text(8, 2), task: 'B-ss' },
  { a: text(3, 3), b: text(0, 5), task: 'A-ll' },
  { a: text(4, 2), b: text(6, 4), task: 'B-sl' }
]

/** The distinct texts of the pairs. */
export const TEXTS: readonly string[] = [...new Set(PAIRS.flatMap(({ a, b }) => [a, b]))]

/** Single texts and pairs for the tasks with labels or a score of `packages/testing/data/labels`. */
export const LABELLED: readonly { readonly a: string; readonly b?: string; readonly task: string }[] = [
  { a: '小王在公园里跑步。', b: '小王在锻炼身体。', task: '推理' },
  { a: '妈妈在厨房里做饭。', b: '妈妈没有做饭。', task: '推理' },
  { a: '记者在图书馆里看书。', b: '记者会说英语。', task: '推理' },
  { a: '主队加时三分险胜，央行下调了存款利率。', task: '话题' },
  { a: '今夜有大到暴雨。', task: '话题' },
  { a: '', task: '话题' },
  { a: '这家餐馆太差了，再也不来。', task: '评分' },
  { a: '这本书好极了，非常满意，完美，强烈推荐。', task: '评分' }
]
