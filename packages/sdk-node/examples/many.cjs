// Judges many pairs from CommonJS, giving up after 30 seconds: node examples/many.cjs MODEL_FOLDER
const { createMatcher, MatcherError } = require('@sohu-match/sdk-node')

async function main() {
  const matcher = await createMatcher({ model: process.argv[2], workers: 2 })
  const pairs = Array.from({ length: 100 }, (_, i) => ({ a: `第${i}条新闻`, b: '另一条新闻', task: 'A-ss' }))
  const results = await matcher.matchMany(pairs, { deadlineMs: 30_000 })
  console.log(results.filter(({ label }) => label === 1).length, 'of', results.length, 'match')
  await matcher.dispose()
}

main().catch((error) => {
  console.error(error instanceof MatcherError ? `${error.code}: ${error.message}` : error)
  process.exitCode = 1
})
