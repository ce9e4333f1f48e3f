// The last step of npm start: show-matches.mjs MODEL [generated] scores pairs that are in no corpus with the model that was just exported.
import { createMatcher } from '@sohu-match/sdk-node'
import { generated, news } from './shown-pairs.mjs'

const [model, kind] = process.argv.slice(2)
const pairs = kind === 'generated' ? generated : news
const matcher = await createMatcher({ model })
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
