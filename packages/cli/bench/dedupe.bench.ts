/**
 * `dedupe` over many short texts: time, memory, and recall against comparing every pair on a sample.
 * npm run bench:dedupe -w packages/cli -- --model DIR --task A-ss --threshold SCORE [--texts 100000] [--sample 200]
 * At a task's own threshold a chain of matches may link all texts, and recall then says nothing.
 */
import { availableParallelism, cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { userPath } from '@sohu-match/node'
import { createMatcher } from '@sohu-match/sdk-node'
import { indexedDuplicates } from '../src/vectors/indexed-duplicates'
import { leastCosine, rowCosine } from '../src/vectors/near-duplicates'
import { shortTexts } from './dedupe-texts'

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    task: { type: 'string', default: 'A-ss' },
    texts: { type: 'string', default: '100000' },
    sample: { type: 'string', default: '200' },
    threshold: { type: 'string' }
  }
})
if (values.model === undefined) throw new Error('Name the folder of a bi-encoder with --model.')
const { task } = values

console.log(
  `${cpus()[0]?.model.trim()}, ${availableParallelism()} processors, Node ${process.versions.node}, load ${loadavg()[0]!.toFixed(1)} before the run`
)
const texts = await shortTexts(Number(values.texts))
const model = userPath(values.model)
await using matcher = await createMatcher<string>({ model, tasks: [task], cacheSize: 0 })
const { hidden } = matcher.info.vectors!
const rows = new Float32Array(texts.length * hidden)
await timed(`embedding ${texts.length} texts with ${matcher.info.model} (${matcher.info.dtype})`, async () => {
  for (let i = 0; i < texts.length; i += 512) rows.set(await matcher.embed(texts.slice(i, i + 512), task), i * hidden)
})
const { threshold, scale, offset } = matcher.info.tasks[0]!
const least = leastCosine(Number(values.threshold ?? threshold), scale!, offset!)
const groups = await timed('finding the groups', () => indexedDuplicates(rows, hidden, least))

const groupOf = new Int32Array(texts.length).fill(-1)
groups.forEach((group, i) => group.forEach((member) => (groupOf[member] = i)))
const sample = Math.min(Number(values.sample), texts.length)
let [pairs, found] = [0, 0]
await timed(`comparing ${sample} texts with all others`, async () => {
  for (let s = 0; s < sample; s++) {
    const i = (s * 7_919) % texts.length // a prime, so that originals and copies are in the sample
    for (let j = 0; j < texts.length; j++) {
      if (j === i || rowCosine(rows, i, j, hidden) <= least) continue
      pairs++
      if (groupOf[i] !== -1 && groupOf[i] === groupOf[j]) found++
    }
  }
})
const largest = groups.reduce((most, group) => Math.max(most, group.length), 0)
console.log(
  `${groups.length} groups above a cosine of ${least.toFixed(3)}, the largest of ${largest}; of ${pairs} pairs of the sample ${found} are in one ` +
    `group: recall ${(found / pairs).toFixed(4)}`
)
console.log(`most memory: ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`)

/** Prints wall-clock and CPU time. */
async function timed<R>(what: string, work: () => Promise<R>): Promise<R> {
  const [start, startedAt] = [process.cpuUsage(), performance.now()]
  const result = await work()
  const { user, system } = process.cpuUsage(start)
  console.log(
    `${what}: ${((performance.now() - startedAt) / 1000).toFixed(1)} s, ${((user + system) / 1e6).toFixed(1)} s of processor time`
  )
  return result
}
