import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { lastError, runChild, runForValue } from './child.mjs'
import { exitCode, summary, table, withinLimits } from './report.mjs'

const row = (result, found = 'x') => ({ check: 'a check', result, found })

describe('the exit code', () => {
  it('is 0 if all passed, 1 if something is wrong, 3 if parts are missing', () => {
    assert.equal(exitCode([row('passed'), row('passed')]), 0)
    assert.equal(exitCode([row('missing'), row('failed')]), 1)
    assert.equal(exitCode([row('passed'), row('missing')]), 3)
    assert.equal(exitCode([]), 3)
  })
})

describe('the table', () => {
  it('wraps long sentences under their column', () => {
    const text = table(
      [
        { ...row('passed', 'one two three four'), wanted: 'five' },
        { ...row('missing'), check: 'another check' }
      ],
      36
    )
    assert.deepEqual(text.split('\n'), [
      'a check        passed   one two',
      '                        three four',
      '                        (wanted:',
      '                        five)',
      'another check  missing  x'
    ])
  })

  it('counts results', () => {
    assert.equal(summary([row('passed'), row('missing'), row('missing')]), '1 passed, 0 failed, 2 missing')
  })
})

describe('limits', () => {
  it('hold for every number; NaN is outside', () => {
    assert.equal(withinLimits({ a: [1, 2], b: [2, 2] }).result, 'passed')
    assert.equal(withinLimits({ a: [1, 2], b: [3, 2] }).result, 'failed')
    assert.equal(withinLimits({ a: [NaN, 2] }).result, 'failed')
    assert.equal(withinLimits({ a: [undefined, 2] }).result, 'failed')
  })
})

describe('a child', () => {
  const node = (script, more = {}) => runForValue(process.execPath, ['-e', script], { seconds: 60, ...more })

  it('returns the value of its last line', async () => {
    const { value } = await node("console.log('noise'); console.log(JSON.stringify({ a: process.env.X }))", {
      env: { X: '1' }
    })
    assert.deepEqual(value, { a: '1' })
  })

  it('has a problem if it crashes, throws, prints no value or does not start', async () => {
    assert.match((await node('process.abort()')).problem, /^SIGABRT/)
    assert.match((await node("throw new TypeError('wrong')")).problem, /^exit code 1: TypeError: wrong$/)
    assert.match((await node("console.log('text')")).problem, /not JSON: text/)
    assert.match((await runChild('/no/such/program', [], { seconds: 9 })).problem, /does not start/)
  })

  it('is killed with its own children after its time', async () => {
    const script =
      "require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e3)'], { stdio: 'inherit' }); setInterval(() => {}, 1e3)"
    assert.match((await node(script, { seconds: 1 })).problem, /had not ended after 1 s/)
  })

  it('is stopped once it prints a given line', async () => {
    const script =
      "process.on('SIGTERM', () => process.exit(143)); console.log('step 1'); setInterval(() => console.log('step 2'), 20)"
    const stopped = await runChild(process.execPath, ['-e', script], { seconds: 60, stopAt: /step 2/, expected: [143] })
    assert.equal(stopped.problem, undefined)
  })

  it('is quoted by its error, not by the lines of a stack', () => {
    assert.equal(
      lastError('Traceback:\n  x\nModuleNotFoundError: No module named torch\n'),
      'ModuleNotFoundError: No module named torch'
    )
    assert.equal(
      lastError('MatcherError: no TensorFlow\n    at load (x.js:1)\n\nNode.js v20.1.0\n'),
      'MatcherError: no TensorFlow'
    )
    assert.equal(lastError(''), 'nothing was printed')
  })
})

describe('check:gpu as a command', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'check-gpu-'))
  after(() => rmSync(folder, { recursive: true }))
  const command = fileURLToPath(new URL('check.mjs', import.meta.url))
  writeFileSync(path.join(folder, 'manifest.json'), JSON.stringify({ graphs: { fp32: {}, q8: {} }, tasks: [] }))
  const call = (...flags) => spawnSync(process.execPath, [command, ...flags], { encoding: 'utf8' })

  it('writes a table and a report, and exits with 3 if there is no browser', () => {
    const out = path.join(folder, 'report.json')
    const env = { ...process.env, CHROME_PATH: '/no/browser' }
    const { status, stdout } = spawnSync(
      process.execPath,
      [command, '--only', 'browser', '--model', folder, '--out', out],
      { encoding: 'utf8', env }
    )
    assert.equal(status, 3, stdout)
    assert.match(stdout, /browser: webgpu, fp32 +missing/)
    const report = JSON.parse(readFileSync(out, 'utf8'))
    assert.deepEqual([report.exitCode, report.rows.length, report.machine.node], [3, 2, process.version])
  })

  it('refuses an unknown group and a folder without a model', () => {
    assert.match(call('--only', 'opencl', '--model', folder).stderr, /--only has "opencl"/)
    assert.match(call('--model', '/no/model').stderr, /manifest\.json/)
    assert.match(
      execFileSync(process.execPath, [command, '--help', '--model', '/no/model'], { encoding: 'utf8' }),
      /Exit code/
    )
  })
})
