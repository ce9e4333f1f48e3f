import { withPublicWeights } from '../src/pretrained/load'
import { Variable } from '../src/optimizer/variable'
import { writeWeights } from '../src/weights-file'
import { predict } from '../src/autograd/pass'
import { tf } from '../src/tfjs'
const log = (what: string): void => { const m = process.memoryUsage(); console.log(what, (m.rss/1e6).toFixed(0), 'ext', (m.external/1e6).toFixed(0), 'ab', (m.arrayBuffers/1e6).toFixed(0), 'peak', (process.resourceUsage().maxRSS/1e3).toFixed(0)) }
tf.scalar(1).dispose()
log('start')
await withPublicWeights(process.argv[2]!, { seed: 1 }, async ({ config, parameters }) => {
  if (process.argv[3]!.includes('w')) { await writeWeights('/tmp/x.safetensors', parameters); log('written') }
  if (process.argv[3]!.includes('v')) {
  const variables = new Map()
  for (const [i, p] of parameters.entries()) { if (p.name==='embeddings.word') variables.set(p.name, Variable.zeros([10,768])); else variables.set(p.name, Variable.create(await p.read(), p.shape)); if (i % 40 === 0) log(p.name) }
  log('variables')
  const one = (n: number) => ({ batch: 1, seq: n, tokenIds: new Int32Array(n).fill(1), segmentIds: new Int32Array(n), taskIds: Int32Array.of(0) })
  for (const n of [16, 64, 512]) { predict({ config: { ...config, vocabSize: 10 }, variables }, one(n)).dispose(); log('predict '+ n) }
  }
})
log('end')
