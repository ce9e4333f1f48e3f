/** `rank` over 10,000 cached candidates: npm run bench:rank -w packages/sdk-node */
import { join } from 'node:path'
import { describeRank, measureRank } from './rank'

/** The package's folder: the bundled script runs from dist/bench. */
const root = join(import.meta.dirname, '../..')
const { createMatcher } = (await import(new URL('../index.js', import.meta.url).href)) as typeof import('../src/index')
console.log(describeRank(await measureRank(join(root, '../..'), createMatcher)))
