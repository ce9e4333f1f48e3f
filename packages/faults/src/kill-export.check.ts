import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMatcher } from '@sohu-match/sdk-node'
import { expect, it } from 'vitest'
import { exportOf, writeCheckpoint } from './exporting'
import { fingerprint, leftovers } from './folders'
import { cliOf } from './paths'
import { caseError, cases, counts, randomOf, record, REPLAYED } from './plan'
import { killAfter, said, startNode, succeed } from './process'

const CHECK = 'kill-export'
const COUNT = counts(50, 6)

/** Loads `model` as a user does, which restores a folder that a kill left between two names; false if there is none. */
async function loads(model: string): Promise<boolean> {
  if (!existsSync(model) && leftovers(join(model, '..')).every((name) => !name.includes('.previous'))) return false
  const matcher = await createMatcher({ model, device: 'cpu', dtype: 'int8' })
  await matcher.dispose()
  return true
}

it('leaves the old or the new model after kill -9 at any instant of an export, and no leftovers after the next', () =>
  record('kill -9 while exporting', async () => {
    const root = mkdtempSync(join(tmpdir(), 'sohu-match-kill-'))
    const cli = cliOf('export')
    const [one, other] = [await writeCheckpoint(join(root, 'one'), 1), await writeCheckpoint(join(root, 'other'), 2)]
    const [old, fresh] = [join(root, 'old'), join(root, 'new')]
    await succeed(startNode(cli, exportOf(one, old)))
    const timed = startNode(cli, exportOf(other, fresh))
    await said(timed, /\S/)
    const started = performance.now()
    await succeed(timed)
    const active = performance.now() - started
    const [before, after] = [fingerprint(old), fingerprint(fresh)]
    const found = { old: 0, new: 0, none: 0 }
    let kills = 0
    for (const index of cases(10 * COUNT)) {
      if (kills === COUNT) break
      const random = randomOf(CHECK, index)
      const folder = join(root, `case-${index}`)
      const model = join(folder, 'model')
      const replaced = random.chance(0.8)
      try {
        if (replaced) await succeed(startNode(cli, exportOf(one, model)))
        const running = startNode(cli, exportOf(other, model))
        if (!random.chance(0.15)) await said(running, /\S/)
        if (await killAfter(running, random.next() * active)) kills++
        const state = !(await loads(model))
          ? 'none'
          : fingerprint(model)['manifest.json'] === after['manifest.json']
            ? 'new'
            : 'old'
        found[state]++
        expect(fingerprint(model)).toEqual({ old: before, new: after, none: {} }[state])
        if (replaced) expect(state).not.toBe('none')
        await succeed(startNode(cli, exportOf(other, model)))
        expect(fingerprint(model)).toEqual(after)
        expect(leftovers(folder)).toEqual([])
      } catch (cause) {
        throw caseError(CHECK, index, `${model}: ${String(cause)}`)
      }
      rmSync(folder, { recursive: true })
    }
    if (!REPLAYED) expect(kills).toBe(COUNT)
    rmSync(root, { recursive: true })
    return {
      count: kills,
      result: `${found.old} left the old model, ${found.new} the new one, ${found.none} none where none was; all whole`
    }
  }))
