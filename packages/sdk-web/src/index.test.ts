import { expect, it } from 'vitest'

it('imports on a server without effects, and refuses there with a code', async () => {
  const before = Object.keys(globalThis)
  const { createMatcher, TASKS } = await import('./index')
  expect(Object.keys(globalThis)).toEqual(before)
  expect(TASKS).toHaveLength(6)
  await expect(createMatcher({ model: '/model/' })).rejects.toMatchObject({
    code: 'device-unavailable',
    message: expect.stringContaining('sdk-node')
  })
})
