import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openCheckpoint } from '@sohu-match/node'
import { RUN_OUTCOME } from '@sohu-match/testing'
import { expect, it } from 'vitest'
import { fingerprint, leftovers } from './folders'
import { cliOf } from './paths'
import { counts, randomOf, record, SEED } from './plan'
import { killAfter, said, startNode, succeed } from './process'
import { freshRun, writeSmallData } from './training'

const CHECK = 'kill-training'
const COUNT = counts(50, 6)

/** Consecutive kills after which a run may finish, so that some runs are resumed often and the check ends. */
const KILLS_A_RUN = 6

const outcome = (run: string): Record<string, string> =>
  Object.fromEntries(
    RUN_OUTCOME.map((file) => [file, fingerprint(join(run, file.split('/')[0]!))[file.split('/')[1]!]!])
  )

/** Opens the folders that a kill left, as a reader does: each is complete or missing. */
async function requireWhole(run: string, files: Readonly<Record<string, readonly string[]>>): Promise<void> {
  for (const name of ['last', 'best']) {
    const folder = join(run, name)
    if (!existsSync(folder) && !existsSync(join(run, `.${name}.previous.tmp`))) continue
    const { weights } = await openCheckpoint(folder)
    weights.close()
    expect(Object.keys(fingerprint(folder))).toEqual(files[name])
  }
}

/** Runs a training to its end, killing it on the way; returns the number of kills. */
async function killedRun(
  run: string,
  data: string,
  active: number,
  first: number,
  most: number,
  check: () => Promise<void>
): Promise<number> {
  const cli = cliOf('train')
  for (let kills = 0; ; kills++) {
    const random = randomOf(CHECK, first + kills)
    const fresh = !existsSync(join(run, 'train.json'))
    const running = startNode(cli, fresh ? freshRun(run, data) : ['sohu', '--json', '--out', run, '--resume'])
    if (kills === most) {
      await succeed(running)
      return kills
    }
    // sometimes while it starts, otherwise while it trains: at any instant after its first line
    if (!random.chance(0.15)) await said(running, /"type":/)
    if (!(await killAfter(running, random.next() * active))) {
      await succeed(running)
      return kills
    }
    await check()
  }
}

it('resumes bit for bit after kill -9 at any instant of training, and never leaves half a folder', () =>
  record('kill -9 while training, then --resume', async () => {
    const root = mkdtempSync(join(tmpdir(), 'sohu-match-kill-'))
    const data = join(root, 'data')
    await writeSmallData(data)
    const whole = join(root, 'whole')
    const running = startNode(cliOf('train'), freshRun(whole, data))
    await said(running, /"type":/)
    const started = performance.now()
    await succeed(running)
    const active = performance.now() - started
    expect(RUN_OUTCOME.filter((file) => !existsSync(join(whole, file)))).toEqual([])
    const files = Object.fromEntries(
      ['last', 'best'].map((name) => [name, Object.keys(fingerprint(join(whole, name)))])
    )
    let kills = 0
    let runs = 0
    for (; kills < COUNT; runs++) {
      const run = join(root, `run-${runs}`)
      const first = kills
      try {
        kills += await killedRun(run, data, active, first + 1000 * runs, Math.min(KILLS_A_RUN, COUNT - kills), () =>
          requireWhole(run, files)
        )
        expect(outcome(run)).toEqual(outcome(whole))
        expect(readFileSync(join(run, 'metrics.jsonl'), 'utf8').split('\n').length).toBe(
          readFileSync(join(whole, 'metrics.jsonl'), 'utf8').split('\n').length
        )
        expect(leftovers(run)).toEqual([])
      } catch (cause) {
        throw new Error(`${run}, killed ${kills - first} times or more [again: --seed ${SEED} --only ${CHECK}]`, {
          cause
        })
      }
    }
    rmSync(root, { recursive: true })
    return {
      count: kills,
      result: `${runs} runs, all bit-equal to one that was left alone; every last/ and best/ whole`
    }
  }))
