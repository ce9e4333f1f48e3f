// Judges one pair: node examples/match.mjs MODEL_FOLDER
import { createMatcher } from '@sohu-match/sdk-node'

const matcher = await createMatcher({ model: process.argv[2] })
const { label, score } = await matcher.match('北京今天迎来降雪', '今日北京下雪', 'B-ss')
console.log(label === 1 ? '同一事件' : '不是同一事件', score.toFixed(4))
await matcher.dispose()
