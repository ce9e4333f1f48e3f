// Finds the headlines on a story's topic: node examples/rank.mjs MODEL_FOLDER
import { createMatcher } from '@sohu-match/sdk-node'

const matcher = await createMatcher({ model: process.argv[2] })
const headlines = ['国足公布世预赛名单', '央行宣布下调利率', '多地气温创下新低']
for (const { text, score } of await matcher.rank('寒潮来袭，全国大部降温', headlines, 'A-ss', { topK: 2 })) {
  console.log(score.toFixed(4), text)
}
await matcher.dispose()
