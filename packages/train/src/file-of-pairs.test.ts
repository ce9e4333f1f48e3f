import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, expect, it } from 'vitest'

const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url))
const root = mkdtempSync(join(tmpdir(), 'file-of-pairs-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** As on a machine without public weights: an empty cache, no hub, no Maven. */
const nowhere = { SOHU_MATCH_CACHE: join(root, 'cache'), HF_ENDPOINT: 'http://127.0.0.1:1', PATH: '' }
const env = { ...process.env, ...nowhere, INIT_CWD: root } // npm names its own folder there
const train = (...args: string[]) => promisify(execFile)(process.execPath, [cli, ...args], { cwd: root, env })

/** Small enough for seconds; everything else is what the plan chose. */
const tiny = [
  '--set',
  'model.hidden_size=16',
  'model.num_attention_heads=2',
  'model.intermediate_size=16',
  'model.num_hidden_layers=1'
]
const few = [...tiny, 'model.vocab_size=300', 'epochs=2', 'batch_pairs=16']

const places = ['北京', '上海', '广州', '成都', '武汉', '杭州']
const events = ['地铁通车', '大雨停课', '车展开幕', '球队夺冠', '机场扩建']
const pairs = Array.from({ length: 240 }, (_, i) => {
  const [place, event] = [places[i % 6]!, events[i % 5]!]
  const other = places[(i + 1 + (i % 4)) % 6]!
  return `"${place}第${i}次${event}","记者${i}获悉，${i % 2 ? place : other}${event}",${i % 2 ? 'true' : 'false'}`
})
writeFileSync(join(root, 'pairs.csv'), `\uFEFFmine,yours,same\r\n${pairs.join('\r\n')}\r\n`)
const data = ['--data', 'pairs.csv', '--columns', 'a=mine', 'b=yours', 'label=same']

it('checks a file without fetching weights', async () => {
  const { stdout, stderr } = await train('check-data', ...data)
  expect(stderr).toBe('')
  expect(stdout).toContain('match, valid: fewer than 50 labelled pairs, so the threshold stays at 0.5')
  expect(stdout).toContain('training fetches them first, and starts at random where it cannot')
  expect(existsSync(join(root, 'cache'))).toBe(false)
})

it('trains on a file with --data and --out alone, from scratch where the weights cannot be had, and ends beside the baseline', async () => {
  const { stdout, stderr } = await train('sohu', ...data, '--out', 'runs/mine', ...few)
  expect(stderr).toContain('Fetching bge-small-zh-v1.5')
  expect(stdout).toContain('Start: at random, because bge-small-zh-v1.5 is not cached and could not be fetched')
  expect(stdout).toMatch(/--preset news-small --set model\.max_length=\d+/)
  expect(stdout).toContain('The network and the lexical baseline on the')
  expect(stdout).toMatch(/match: .*(baseline|chance)/)
  const next = /npx sohu-train (errors .+)/.exec(stdout)![1]!
  expect(next).toContain('--columns a=mine b=yours label=same')

  expect((await train(...next.split(' '))).stdout).toContain('are judged wrongly; the worst are in errors.html')
  expect(readFileSync(join(root, 'errors.html'), 'utf8')).toContain('kind of pair')
})

it('compares two runs: the settings that differ, and metrics with the interval of their difference', async () => {
  await train('sohu', ...data, '--out', 'runs/other', ...few, 'seed=2', 'epochs=1')
  await train('compare', 'runs/mine', 'runs/other', '--out', 'comparison.html')
  const html = readFileSync(join(root, 'comparison.html'), 'utf8')
  expect(html).toContain('<tr><td>epochs</td><td>2</td><td>1</td></tr>')
  expect(html).toContain('<tr><td>seed</td><td>1</td><td>2</td></tr>')
  expect(html).toMatch(
    /<tr><td>match<\/td><td>AUC<\/td>(<td>[+-]?\d\.\d{3} \[[^<]+<\/td>){3}<td>(mine is better|other is better|may be chance)/
  )
  expect(html.match(/<svg/g)).toHaveLength(3)
})

it('lists labels that networks of other folds contradict', async () => {
  const { stdout } = await train('check-labels', ...data, '--out', 'runs/labels', '--folds', '3', ...few)
  expect(stdout).toMatch(/\d+ of 240 labels are contradicted with confidence/)
  expect(readdirSync(join(root, 'runs/labels')).sort()).toEqual(
    expect.arrayContaining(['fold-1', 'fold-2', 'fold-3', 'labels.html', 'labels.jsonl'])
  )
  for (const line of readFileSync(join(root, 'runs/labels/labels.jsonl'), 'utf8').split('\n').filter(Boolean))
    expect(JSON.parse(line)).toMatchObject({ task: 'match', label: expect.any(Number), score: expect.any(Number) })
})
