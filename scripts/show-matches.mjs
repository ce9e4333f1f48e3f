// The last step of npm start: a few pairs of the demo corpus' kind, judged by the model that was just exported.
import { createMatcher } from '@sohu-match/sdk-node'

const long = '芷渚市又有新动作：11月11日，启辰动物园为老虎安新家。消息传到芷渚市，人们纷纷议论启辰动物园。关于老虎的讨论持续了整整一周。'
const pairs = [
  ['the same event', 'ss', '启辰动物园为老虎安新家', '刚刚，启辰动物园扩建老虎兽舍'],
  ['the same topic', 'ss', '启辰动物园为老虎安新家', '诺焱动物园抓回逃跑的猴子'],
  ['another topic', 'ss', '启辰动物园为老虎安新家', '衡鑫科技开放新系统内测'],
  ['the same event', 'sl', '启辰动物园扩建老虎兽舍', long]
]

const matcher = await createMatcher({ model: process.argv[2] })
const results = await matcher.matchMany(pairs.flatMap(([, lengths, a, b]) => ['A', 'B'].map((group) => ({ a, b, task: `${group}-${lengths}` }))))
const verdict = ({ task, score, label }) => `${task} ${score.toFixed(3)} ${label === 1 ? 'match   ' : 'no match'}`
pairs.forEach(([kind, , a, b], i) => {
  console.log(`${verdict(results[2 * i])}   ${verdict(results[2 * i + 1])}   (${kind})  ${a} | ${b.length > 30 ? `${b.slice(0, 29)}…` : b}`)
})
console.log(`${matcher.info.model} on ${matcher.info.device}, ${matcher.info.dtype}`)
await matcher.dispose()
