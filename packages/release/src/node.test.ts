import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, inject, it } from 'vitest'
import { execute, type Ended } from './execute'
import { ROOT, manifestIn } from './packages'

const project = inject('project')
const MODEL = 'node_modules/@sohu-match/model-zh/model'
const [A, B, TASK] = ['临溪马拉松三万人开跑', '周日早晨，三万名跑者从临溪体育场出发', 'B-ss']
const pair = JSON.stringify([A, B, TASK]).slice(1, -1)

const scripts = {
  'main.mjs': `import { createMatcher } from '@sohu-match/sdk-node'
import { model } from '@sohu-match/model-zh'
const matcher = await createMatcher({ model })
console.log((await matcher.match(${pair})).score)
await matcher.dispose()
`,
  'main.cjs': `const { createMatcher } = require('@sohu-match/sdk-node')
const { model } = require('@sohu-match/model-zh')
async function main() {
  const matcher = await createMatcher({ model })
  console.log((await matcher.match(${pair})).score)
  await matcher.dispose()
}
main()
`
}
for (const [name, text] of Object.entries(scripts)) writeFileSync(join(project, name), text)

const score = ({ status, stdout, stderr }: Ended): number => {
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return Number(stdout)
}

describe.each(inject('nodes'))('with %s', (node) => {
  it('returns the same score from ES modules, CommonJS and the command', async () => {
    const fromModule = score(await execute(node, ['main.mjs'], { cwd: project }))
    expect(fromModule).toBeGreaterThan(0.5) // the same event
    expect(score(await execute(node, ['main.cjs'], { cwd: project }))).toBe(fromModule)

    const command = [join(project, 'node_modules/.bin/sohu-match')]
    const one = await execute(node, [...command, 'match', A, B, '--task', TASK, '--model', MODEL, '--json'], {
      cwd: project
    })
    expect(score({ ...one, stdout: String((JSON.parse(one.stdout) as { score: number }).score) })).toBe(fromModule)
    const line = `${JSON.stringify({ a: A, b: B, task: TASK, id: 7 })}\n`
    const stream = await execute(node, [...command, 'score', '--quiet', '--model', MODEL], {
      cwd: project,
      input: line + line
    })
    expect(stream).toMatchObject({ status: 0, stderr: '' })
    const answers = stream.stdout
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text) as { id: number; score: number })
    expect(answers.map(({ id, score }) => [id, score])).toEqual([
      [7, Number(fromModule.toFixed(6))],
      [7, Number(fromModule.toFixed(6))]
    ])
  })

  it('runs the requested version, and the command prints its own', async () => {
    const { stdout } = await execute(node, ['--version'], { cwd: project })
    if (/node-\d+\/bin/.test(node)) expect(stdout).toContain(`v${/node-(\d+)/.exec(node)![1]}.`)
    expect(await execute(node, [join(project, 'node_modules/.bin/sohu-match'), '--version'], { cwd: project })).toEqual(
      { status: 0, stdout: `${manifestIn(ROOT).version}\n`, stderr: '' }
    )
  })
})
