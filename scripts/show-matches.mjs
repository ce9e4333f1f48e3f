// The last step of npm start: a few pairs of the demo corpus' kind, judged by the model that was just exported.
import { createMatcher } from '@sohu-match/sdk-node'

const long =
  '启垚动物园又有新动作：12月15日在霁渚县，启垚动物园给动物换新兽舍。按照计划，启垚动物园翻新旧兽舍，数字是10平方米。' +
  '有学者把熊猫写进了报告。记者看到，10平方米写在启垚动物园的公告里。饲养员曾是难题，如今幼崽带来变化。大家怎么看？'
const pairs = [
  ['the same event', 'ss', '启辰动物园为老虎安新家', '刚刚，启辰动物园扩建老虎兽舍'],
  ['the same topic', 'ss', '启辰动物园为老虎安新家', '诺焱动物园抓回逃跑的猴子'],
  ['another topic', 'ss', '启辰动物园为老虎安新家', '衡鑫科技开放新系统内测'],
  ['the same event', 'sl', '霁渚县12月15日见闻：启垚动物园扩建老虎兽舍', long],
  ['another topic', 'sl', '刚刚，岚洲镇拓宇应急局抽干低洼处的积水', long]
]

const matcher = await createMatcher({ model: process.argv[2] })
const results = await matcher.matchMany(
  pairs.flatMap(([, lengths, a, b]) => ['A', 'B'].map((group) => ({ a, b, task: `${group}-${lengths}` })))
)
const verdict = ({ task, score, label }) => `${task} ${score.toFixed(3)} ${label === 1 ? 'match   ' : 'no match'}`
pairs.forEach(([kind, , a, b], i) => {
  console.log(
    `${verdict(results[2 * i])}   ${verdict(results[2 * i + 1])}   (${kind})  ${a} | ${b.length > 30 ? `${b.slice(0, 29)}…` : b}`
  )
})
console.log(`${matcher.info.model} on ${matcher.info.device}, ${matcher.info.dtype}`)
await matcher.dispose()
