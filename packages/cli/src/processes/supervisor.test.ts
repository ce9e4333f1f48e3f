import { MatcherError } from '@sohu-match/sdk-node'
import { afterEach, describe, expect, it } from 'vitest'
import type { Member, MemberRequests } from './fork'
import { createSupervisor, type Supervisor, type SupervisorOptions } from './supervisor'

/** A simulated process. It serves at once; from the folder `bad` it fails, and from `stuck` it loads forever. */
interface Played extends Member {
  readonly folder: string
  readonly requests: MemberRequests
  /** How it has been asked to retire. */
  readonly asked: boolean[]
  /** Ends it, as a crash, or as the end of its last connection. */
  readonly end: () => void
  readonly hasEnded: () => boolean
}

/** Whether a process that is asked to drain ends at once. */
let drains = true
let folder = 'one'
const all: Played[] = []
const events: string[] = []
const alive = (): Played[] => all.filter(({ hasEnded }) => !hasEnded())

function fork(model: string, requests: (member: Member) => MemberRequests): Member {
  let onEnd: (how: string) => void
  let hasEnded = false
  const ended = new Promise<string>((resolve) => (onEnd = resolve))
  const end = (): void => {
    hasEnded = true
    onEnd('A process ended.')
  }
  const asked: boolean[] = []
  const member: Played = {
    folder: model,
    asked,
    end,
    ended,
    hasEnded: () => hasEnded,
    connections: () => 0,
    give: () => undefined,
    kill: end,
    serving:
      model === 'bad'
        ? ended.then(() => Promise.reject(new MatcherError('asset-corrupt', 'vocab.txt is damaged.')))
        : model === 'stuck'
          ? new Promise(() => undefined)
          : Promise.resolve({ model, modelHash: `hash of ${model}`, lines: [] }),
    calls: {
      call: (async (name: string, how: { drain: boolean }) => {
        if (name !== 'retire') return []
        asked.push(how.drain)
        if (drains || !how.drain) setImmediate(end)
      }) as Member['calls']['call']
    },
    get requests() {
      return requests(member)
    }
  }
  if (model === 'bad') setImmediate(end)
  all.push(member)
  return member
}

let supervisor: Supervisor

async function start(options: Partial<SupervisorOptions> = {}): Promise<Supervisor> {
  supervisor = createSupervisor({
    processes: 3,
    modelFolder: async () => folder,
    fork,
    retireMs: 60_000,
    onSeated: () => undefined,
    onEvent: (line) => events.push(line),
    ...options
  })
  await supervisor.start()
  return supervisor
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5))
}

afterEach(async () => {
  drains = true
  await supervisor.stop()
  expect(alive()).toEqual([])
  all.length = events.length = 0
  folder = 'one'
})

describe('the processes of a server', () => {
  it('are not started if the first cannot serve', async () => {
    folder = 'bad'
    await expect(start()).rejects.toMatchObject({ code: 'asset-corrupt' })
    expect(all).toHaveLength(1)
  })

  it('are replaced when they die, one, then all', async () => {
    const { members } = await start()
    for (const dying of [1, 3]) {
      alive()
        .slice(0, dying)
        .forEach(({ end }) => end())
      await until(() => alive().length === 3 && members().length === 3)
      expect(members()).toEqual(expect.arrayContaining(alive()))
    }
    expect(events.filter((line) => line.includes('It is replaced'))).toHaveLength(4)
  })

  it('are given up if none can be started for a while', async () => {
    const { lost } = await start({
      patienceMs: 0,
      fork: (model, requests) => fork(all.length < 3 ? model : 'bad', requests)
    })
    alive().forEach(({ end }) => end())
    expect(await lost).toContain('vocab.txt is damaged')
  })

  it('are replaced when somebody else asks them to end', async () => {
    const { members } = await start()
    const [leaving] = alive()
    leaving!.requests.leaving()
    expect(members()).not.toContain(leaving)
    await until(() => members().length === 3)
    expect(leaving!.asked).toEqual([true])
  })

  it('refuse new requests at the end, also those that drain', async () => {
    await start()
    drains = false
    const reload = supervisor.reload()
    await until(() => all.some(({ asked }) => asked.length > 0))
    await supervisor.stop()
    expect(alive()).toEqual([])
    expect((await reload).outcome).not.toBe('under-way')
    expect(all[0]!.asked).toEqual([true, false])
  })
})

describe('a reload', () => {
  it('replaces one process after the other, with one more at a time', async () => {
    let most = 0
    const { reload, members } = await start({
      fork: (model, requests) => {
        const member = fork(model, requests)
        most = Math.max(most, alive().length)
        return member
      }
    })
    folder = 'two'
    expect(await reload()).toEqual({ outcome: 'reloaded', model: 'two', modelHash: 'hash of two' })
    expect((members() as Played[]).map((member) => member.folder)).toEqual(['two', 'two', 'two'])
    expect(all.filter((one) => one.folder === 'one').map(({ asked }) => asked)).toEqual([[true], [true], [true]])
    expect(most).toBe(4)
  })

  it('keeps the processes if the new folder cannot be served, and replaces dead ones from the old', async () => {
    const { reload, members } = await start()
    folder = 'bad'
    expect(await reload()).toEqual({ outcome: 'failed', reason: 'vocab.txt is damaged. [asset-corrupt]' })
    expect(all.every(({ asked }) => asked.length === 0)).toBe(true)
    all[0]!.end()
    await until(() => members().length === 3 && !members().includes(all[0]!))
    expect((members() as Played[]).map((member) => member.folder)).toEqual(['one', 'one', 'one'])
  })

  it('kills a process that never finishes loading, keeps the old ones, and can be repeated', async () => {
    const { reload, members } = await start({ loadMs: 20 })
    folder = 'stuck'
    expect(await reload()).toEqual({
      outcome: 'failed',
      reason: expect.stringMatching(/did not load stuck within 0\.02 seconds and was killed.*\[inference-failed\]/)
    })
    expect(all[3]!.hasEnded()).toBe(true)
    expect((members() as Played[]).map((member) => member.folder)).toEqual(['one', 'one', 'one'])
    folder = 'two'
    expect(await reload()).toMatchObject({ outcome: 'reloaded', model: 'two' })
  })

  it('answers the request of a process before that process has ended, and refuses another meanwhile', async () => {
    await start()
    drains = false
    const asker = all[0]!
    folder = 'two'
    const outcome = asker.requests.reload()
    await until(() => all[1]!.asked.length > 0)
    expect(await all[2]!.requests.reload()).toEqual({ outcome: 'under-way' })
    expect(asker.asked).toEqual([]) // it is the last
    all[1]!.end()
    await until(() => all[2]!.asked.length > 0)
    all[2]!.end()
    expect(await outcome).toMatchObject({ outcome: 'reloaded', model: 'two' })
    expect([asker.asked, asker.hasEnded()]).toEqual([[true], false])
    const next = supervisor.reload() // waits for it
    asker.end()
    drains = true
    alive().forEach(({ asked, end }) => asked.length > 0 && end())
    expect(await next).toMatchObject({ outcome: 'reloaded' })
  })

  it('does not use a process that was started from the previous folder', async () => {
    let open = (): void => undefined
    const gate = new Promise<void>((resolve) => (open = resolve))
    const { reload, members } = await start({
      fork: (model, requests) => {
        const member = fork(model, requests)
        return all.length === 4 ? { ...member, serving: gate.then(() => member.serving) } : member
      }
    })
    all[1]!.end()
    await until(() => all.length === 4) // the replacement, which is slow
    folder = 'two'
    await reload()
    open()
    await until(() => all[3]!.hasEnded())
    expect((members() as Played[]).map((member) => member.folder)).toEqual(['two', 'two', 'two'])
    expect(alive()).toHaveLength(3)
  })

  it('fills the place of a process that died meanwhile, once', async () => {
    const { reload, members } = await start()
    all[1]!.end()
    await until(() => members().length === 2)
    folder = 'two'
    await reload()
    await new Promise((resolve) => setTimeout(resolve, 250)) // longer than the pause before a dead one is replaced
    expect((members() as Played[]).map((member) => member.folder)).toEqual(['two', 'two', 'two'])
    expect(alive()).toHaveLength(3)
  })
})
