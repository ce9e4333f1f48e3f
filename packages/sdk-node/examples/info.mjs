// Shows what a model runs on, and why: node examples/info.mjs MODEL_FOLDER
import { createMatcher } from '@sohu-match/sdk-node'

const matcher = await createMatcher({
  model: process.argv[2],
  onProgress: ({ phase, file }) => console.log(phase, file)
})
const { device, dtype, reasons, workers, threads } = matcher.info
console.log(`${dtype} on ${device}, ${workers} worker(s) of ${threads} thread(s)`)
for (const { device, taken, reason } of reasons) console.log(' ', device, taken ? 'taken:' : 'not taken:', reason)
await matcher.dispose()
