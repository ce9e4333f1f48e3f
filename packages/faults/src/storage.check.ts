import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { mountTool, onSmallDisk, withFileLimit } from './confined'
import { exportOf, writeCheckpoint } from './exporting'
import { fingerprint, leftovers } from './folders'
import { cliOf } from './paths'
import { caseError, cases, counts, randomOf, record } from './plan'
import { said, startNode, succeed, type Running } from './process'
import { freshRun, writeSmallData } from './training'

const CHECK = 'storage'
const COUNT = counts(10, 1)

/** Less than the size of dictionary.bin, which every checkpoint and model folder has: no new one fits. */
const MOST_FREE = 2_000_000

/** Files that must be the same after a resumed run as after an uninterrupted one. */
const OUTCOME = ['last/model.safetensors', 'last/optimizer.safetensors', 'best/model.safetensors']

const root = mkdtempSync(join(tmpdir(), 'sohu-match-storage-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const tool = mountTool()
const at = join(root, 'disk')

/** A program's input: a folder with an earlier output, and the program's flags for a copy of that folder. */
interface Subject {
  readonly name: string
  readonly script: string
  readonly earlier: string
  readonly flags: (folder: string) => string[]
  /** Resumes in a folder where the program failed, now that there is room, and checks the result. */
  readonly recover: (folder: string) => Promise<void>
}

const subjects: Subject[] = []

beforeAll(async () => {
  mkdirSync(at)
  await writeSmallData(join(root, 'data'))
  subjects.push(await trainingSubject(), await exportSubject())
})

/** A run that was stopped after its first epoch: it has best/ and last/, and is resumed. */
async function trainingSubject(): Promise<Subject> {
  const script = cliOf('train')
  const [whole, earlier] = [join(root, 'whole'), join(root, 'runs')]
  await succeed(startNode(script, freshRun(whole, join(root, 'data'))))
  expect(OUTCOME.filter((file) => !existsSync(join(whole, file)))).toEqual([])
  const stopped = startNode(script, freshRun(join(earlier, 'run'), join(root, 'data')))
  await said(stopped, /"type":"epoch"/)
  stopped.child.kill('SIGINT')
  await stopped.ended
  const flags = (folder: string): string[] => ['sohu', '--json', '--out', join(folder, 'run'), '--resume']
  return {
    name: 'training',
    script,
    earlier,
    flags,
    async recover(folder) {
      await succeed(startNode(script, flags(folder)))
      for (const name of OUTCOME) {
        expect(fingerprint(join(folder, 'run'))[name]).toBe(fingerprint(whole)[name])
      }
    }
  }
}

/** A model folder that an export replaces. */
async function exportSubject(): Promise<Subject> {
  const script = cliOf('export')
  const [one, other] = [await writeCheckpoint(join(root, 'one'), 1), await writeCheckpoint(join(root, 'other'), 2)]
  const earlier = join(root, 'models')
  await succeed(startNode(script, exportOf(one, join(earlier, 'model'))))
  const flags = (folder: string): string[] => exportOf(other, join(folder, 'model'))
  return {
    name: 'export',
    script,
    earlier,
    flags,
    recover: async (folder) => void (await succeed(startNode(script, flags(folder))))
  }
}

/** Files that must be unchanged: checkpoints and models; a run's log may have grown. */
const kept = (folder: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(fingerprint(folder)).filter(
      ([path]) => /(^|\/)(last|best|model)\//.test(path) && !path.startsWith('.')
    )
  )

/** Asserts that the program failed with `storage`, then resumes. */
async function requireStorageError({ earlier, recover }: Subject, running: Running, folder: string): Promise<void> {
  const code = await running.ended
  expect(running.output()).toMatch(/\bstorage\b[\]:]/)
  expect(code).toBe(1)
  expect(kept(earlier)).not.toEqual({})
  expect(kept(folder)).toEqual(kept(earlier))
  expect(leftovers(folder)).toEqual([])
  await recover(folder)
}

async function tryAll(
  run: (subject: Subject, free: number, to: string) => Promise<Running> | Running
): Promise<number> {
  let count = 0
  for (const index of cases(COUNT)) {
    for (const subject of subjects) {
      const to = join(root, `case-${index}-${subject.name}`)
      mkdirSync(to)
      const free = randomOf(CHECK, index).below(MOST_FREE)
      try {
        await requireStorageError(subject, await run(subject, free, to), to)
      } catch (cause) {
        throw caseError(CHECK, index, `${subject.name}, ${free} bytes: ${String(cause)}`)
      }
      rmSync(to, { recursive: true })
      count++
    }
  }
  return count
}

const INTACT = 'all `storage`, the earlier output as it was, and the work goes on afterwards'

it('fails with storage on a full disk, keeps existing files, and resumes afterwards', () =>
  record('full disk (tmpfs), training and export', async () => {
    if (!tool) return { count: 0, result: 'NOT RUN: this user may mount nothing; the size limit below stands in' }
    return {
      count: await tryAll((subject, free, to) =>
        onSmallDisk({ tool, at, from: subject.earlier, to, free }, subject.script, subject.flags(at))
      ),
      result: INTACT
    }
  }))

it('fails with storage if a file may not grow', () =>
  record('file size limit, training and export', async () => ({
    count: await tryAll((subject, free, to) => {
      cpSync(subject.earlier, to, { recursive: true })
      return withFileLimit(Math.floor(free / 512), subject.script, subject.flags(to))
    }),
    result: INTACT
  })))

it('fails with storage in a read-only folder', () =>
  record('read-only folder, training and export', async () => {
    if (!tool)
      return {
        count: 0,
        result: 'NOT RUN: this user may mount nothing; packages/node tests a folder without permission'
      }
    for (const subject of subjects) {
      const to = join(root, `read-only-${subject.name}`)
      mkdirSync(to)
      await requireStorageError(
        subject,
        onSmallDisk({ tool, at, from: subject.earlier, to, free: 'read-only' }, subject.script, subject.flags(at)),
        to
      )
    }
    return { count: subjects.length, result: INTACT }
  }))
