import type { ScoredRow } from '@sohu-match/core'
import { describe, expect, it } from 'vitest'
import { doubtfulLabels } from './doubtful-labels'
import { errorKind } from './error-kinds'

const words = (text: string) => text.match(/\p{Script=Han}{1,2}|[A-Za-z0-9]+|[\s\S]/gu) ?? []

describe('the kind of a pair', () => {
  it.each([
    ['same', '今天天气？', '今天天气'],
    ['numbers', '房价上涨3%', '房价上涨5%'],
    ['numbers', '十二名工人获救', '二十名工人获救'],
    ['names', 'iPhone 怎么截屏', '华为Mate怎么截屏'],
    ['names', '《红楼梦》的作者是谁', '《水浒传》的作者是谁'],
    ['replaced', '北京今天的天气', '上海今天的天气'],
    ['order', '北京出发成都火车', '成都出发北京火车'],
    ['contained', '怎么退款', '请问怎么退款呢'],
    ['disjoint', '果农滞销', '手机发布'],
    ['lengths', '地铁开通', '记者获悉今天早上六点地铁终于迎来了第一批乘客'],
    ['other', '今天适合爬山吗老师', '老师我们今天去公园爬山']
  ] as const)('is %s: %s | %s', (kind, a, b) => {
    expect(errorKind({ a, b }, words)).toBe(kind)
    expect(errorKind({ a: b, b: a }, words)).toBe(kind)
  })

  it('is not of numbers where only one text has one', () => {
    expect(errorKind({ a: '房价上涨3%', b: '房价上涨' }, words)).toBe('contained')
  })
})

describe('doubtful labels', () => {
  const row = (label: 0 | 1, score: number, task = 0): ScoredRow => ({
    task,
    label,
    score,
    predicted: score > 0.5 ? 1 : 0
  })

  it('are those that are contradicted as confidently as other labels are confirmed, the most confident first', () => {
    const [sure, lessSure, unsure] = [row(0, 0.95), row(1, 0.1), row(0, 0.6)]
    // matches score .8 on average with `lessSure` among them, non-matches (1 - score) .79
    const rest = [...Array.from({ length: 10 }, () => row(1, 0.87)), ...Array.from({ length: 10 }, () => row(0, 0.1))]
    expect(doubtfulLabels([lessSure, unsure, ...rest, sure])).toEqual([sure, lessSure])
  })

  it('are found for each task by its own confidence, and not where a task has one label', () => {
    expect(doubtfulLabels([row(0, 0.9, 1), row(0, 0.2, 1)])).toEqual([])
    expect(doubtfulLabels([row(0, 0.7, 1), row(1, 0.6, 1), row(1, 0.9, 0), row(0, 0.1, 0)])).toEqual([row(0, 0.7, 1)])
  })
})
