const SENTENCES = [
  '国足在主场二比一战胜对手，拿到关键的三分。',
  '球迷连夜排队，只为一张决赛的门票。',
  '这座城市的地铁新线下月开通，票价按里程计算。',
  '央行下调存款准备金率，市场反应平稳。',
  '气象台发布高温橙色预警，最高气温将达 39℃。',
  '研究人员在海底发现了新的物种。',
  '新能源汽车上半年出口增长七成。',
  '电影上映三天，票房突破十亿元！'
]

/** A text of `count` sentences, starting at sentence `from`. */
const text = (from, count) =>
  Array.from({ length: count }, (_, i) => SENTENCES[(from + i * 3) % SENTENCES.length]).join('')

/** The first `count` pairs of every task in turn, from one word to far beyond the maximum length. */
export function comparedPairs(tasks, count = Infinity) {
  const pairs = [
    [text(0, 1), text(3, 1)],
    ['国足', '足球'],
    [text(2, 1), text(2, 6)],
    [text(5, 1), text(3, 30)],
    [text(1, 12), text(1, 11)],
    [text(6, 40), text(7, 40)],
    ['Ｔｈｅ１２３ café ①', '👍🏽 好！'],
    [text(7, 2), text(7, 2)]
  ]
  return tasks.flatMap((task) => pairs.map(([a, b]) => ({ a, b, task }))).slice(0, count)
}

/** Distinct pairs of about 60 characters, for measuring time. */
export function timedPairs(count, task, round) {
  return Array.from({ length: count }, (_, i) => ({
    a: `${round}.${i} ${text(i, 1 + (i % 3))}`,
    b: text(i + 1, 1 + (i % 2)),
    task
  }))
}
