import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { columnsOption } from './data'

function columnsOf(...args: string[]): unknown {
  return new Command().exitOverride().addOption(columnsOption()).parse(args, { from: 'user' }).opts()['columns']
}

describe('--columns', () => {
  it('is a role and a name for each column, and empty if it is omitted', () => {
    expect(columnsOf()).toEqual({})
    expect(columnsOf('--columns', 'a=q=1', 'b=q2', 'label=same')).toEqual({ a: 'q=1', b: 'q2', label: 'same' })
  })

  it('refuses another role', () => {
    expect(() => columnsOf('--columns', 'x=q1')).toThrow('--columns x=q1 is not role=name')
    expect(() => columnsOf('--columns', 'q1')).toThrow('is not role=name')
  })
})
