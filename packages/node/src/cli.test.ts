import { MatcherError } from '@sohu-match/core'
import { describe, expect, it, vi } from 'vitest'
import { describeError, numberIn, stopRequest, wholeNumber } from './cli'

describe('the number of a flag', () => {
  it.each([
    ['7', 7],
    ['1', 1],
    ['100', 100]
  ])('reads %s', (text, value) => expect(wholeNumber(1, 100)(text)).toBe(value))

  it.each(['0', '101', '2.5', '-3', '1e2', '0x7', '', ' 7', 'seven', '99999999999999999999'])('refuses %j', (text) =>
    expect(() => wholeNumber(1, 100)(text)).toThrow(
      expect.objectContaining({
        code: 'commander.invalidArgument',
        message: 'It must be a whole number from 1 to 100.'
      })
    )
  )

  it('may have a fraction where it says so', () => {
    expect(numberIn(0)('0.003')).toBe(0.003)
    for (const text of ['-1', '', 'NaN', 'Infinity', 'small'])
      expect(() => numberIn(0)(text)).toThrow('It must be a number of at least 0.')
    expect(() => numberIn(0, 0.99)('1')).toThrow('It must be a number from 0 to 0.99.')
  })
})

describe('an error', () => {
  it('is one line with its code where it is ours, of whichever copy of the class, and has its stack where it is a bug', () => {
    const copy = Object.assign(new Error('There is no task "x".'), { name: 'MatcherError', code: 'task-unknown' })
    expect(describeError(new MatcherError('storage', 'The disk is full.'))).toBe('The disk is full. [storage]')
    expect(describeError(copy)).toBe('There is no task "x". [task-unknown]')
    expect(describeError(new TypeError('oops'))).toMatch(/TypeError: oops\n\s+at /)
  })
})

describe('a request to stop', () => {
  it('aborts at the first signal, exits with its number, and then listens no more', () => {
    const listeners = () => [process.listenerCount('SIGINT'), process.listenerCount('SIGTERM')]
    const before = listeners()
    const onStop = vi.fn()
    const stop = stopRequest(onStop)
    process.emit('SIGTERM', 'SIGTERM')
    expect(onStop).toHaveBeenCalledOnce()
    expect(stop.signal.reason).toMatchObject({ code: 'disposed', message: 'Stopped by SIGTERM.' })
    expect(stop.exitCode()).toBe(143)
    expect(listeners()).toEqual(before)
  })
})
