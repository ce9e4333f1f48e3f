import { expect, it } from 'vitest'
import { forkMember } from './fork'

it('reports a process that the system does not start, for example because there are too many', async () => {
  const { execPath } = process
  process.execPath = '/nowhere/node'
  try {
    const { serving, ended } = forkMember('model', () => ({}) as never)
    await expect(serving).rejects.toMatchObject({
      code: 'inference-failed',
      message: expect.stringContaining('could not be started (ENOENT)')
    })
    expect(await ended).toContain('could not be started')
  } finally {
    process.execPath = execPath
  }
})
