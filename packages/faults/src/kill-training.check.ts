import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openCheckpoint } from '@sohu-match/node'
import { expect, it } from 'vitest'
import { fingerprint, leftovers } from './folders'
import { cliOf } from './paths'
import { counts, randomOf, record, SEED } from './plan'
import { killAfter, said, startNode, succeed } from './process'
import { freshRun, writeSmallData } from './training'

const CHECK = 'kill-training'
const COUNT = counts(50, 6)

/** Kills in a row after which a run may go to its end, so that some runs are resumed often and the check ends. */
const KILLS_A_RUN = 6

/** What training leaves that does not tell of times. */
const OUTCOME = [
  'last/model.safetensors',
  'last/ema.safetensors',
  'last/optimizer.safetensors',
  'last/state.json',
  'last/thresholds.json',
  'last/metrics.json',
  'best/model.safetensors',
  'best/thresholds.json',
  'best/metrics.json'
]

const outcome = (run: string): Record<string, string> =>
  Object.fromEntries(OUTCOME.map((file) => [file, fingerprint(join(run, file.split('/')[0]!))[file.split('/')[1]!]!]))

/** Opens what a kill left as a reader does. A folder is whole or not there. */
async function requireWhole(run: string, files: Readonly<Record<string, readonly string[]>>): Promise<void> {
  for (const name of ['last', 'best']) {
    const folder = join(run, name)
    if (!existsSync(folder) && !existsSync(join(run, `.${name}.previous.tmp`))) continue
    const { weights } = await openCheckpoint(folder)
    weights.close()
    expect(Object.keys(fingerprint(folder))).toEqual(files[name])
  }
}

/** A run from its start to its end, killed on the way; returns how often. */
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
    // now and then while it starts, else while it trains: from its first line on, at any instant
    if (!random.chance(0.15)) await said(running, /"type":/)
    if (!(await killAfter(running, random.next() * active))) {
      await succeed(running)
      return kills
    }
    await check()
  }
}

it('goes on bit for bit after kill -9 at any instants of training, and never shows half a folder', () =>
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
    expect(OUTCOME.filter((file) => !existsSync(join(whole, file)))).toEqual([])
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
