// The logic of check:gpu with simulated machines and processes; the checks themselves run on real ones (--rehearse).
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { browserChecks, browserRow } from './browser.mjs'
import { largestDifference, onnxruntimeChecks, scoresRow } from './onnxruntime.mjs'
import { noHardware, noNvidia, parseGpus } from './machine.mjs'
import { runChecks, whereBuilt } from './run-checks.mjs'
import { differing, resumeRow, stepSentence, tensorflowChecks } from './tensorflow.mjs'

const GPU = {
  gpus: [{ name: 'NVIDIA H100', driver: '580', memoryMiB: 81559, usedMiB: 0 }],
  nvidiaDriver: true,
  renderNodes: true
}
const NONE = { gpus: [], nvidiaDriver: false, renderNodes: false }
const DTYPES = ['fp32', 'int8', 'q8']

/** A context in which `answer` computes a child's result from its arguments. */
const contextOf = (facts, answer, more = {}) => ({
  facts,
  versions: {},
  model: '/model',
  folder: '/tmp',
  rehearse: false,
  pairs: Infinity,
  chromium: process.execPath,
  value: async (command, args, options) => answer(args, options),
  read: () => Buffer.from('same'),
  child: async () => ({ stdout: '', stderr: '' }),
  ...more
})

const run = (checks, context = {}, seconds = 1000) => runChecks(checks, context, { seconds })
const resultsOf = (rows) => Object.fromEntries(rows.map(({ check, result }) => [check, result]))

describe('the machine', () => {
  it('is read from nvidia-smi', () => {
    assert.deepEqual(parseGpus('NVIDIA H100 80GB HBM3, 580.159.04, 81559, 4\n'), [
      { name: 'NVIDIA H100 80GB HBM3', driver: '580.159.04', memoryMiB: 81559, usedMiB: 4 }
    ])
    assert.deepEqual(parseGpus(undefined), [])
    assert.deepEqual(parseGpus('No devices were found\n'), [])
  })

  it('explains why it has no GPU, and what to do', () => {
    assert.equal(noNvidia(GPU), undefined)
    assert.match(noNvidia(NONE), /install a driver/)
    assert.match(noNvidia({ ...NONE, nvidiaDriver: true }), /access to the GPU/)
    assert.equal(noHardware({ ...NONE, renderNodes: true }), undefined)
    assert.match(noHardware(NONE), /neither/)
  })
})

describe('running checks', () => {
  const check = (name, run, seconds = 10) => ({ check: name, group: 'browser', seconds, run })

  it('turns a check that throws into a failed row, and continues', async () => {
    const rows = await run([
      check('a', () => {
        throw new Error('broken')
      }),
      check('b', () => ({ result: 'passed', found: 'x' }))
    ])
    assert.deepEqual(resultsOf(rows), { a: 'failed', b: 'passed' })
    assert.match(rows[0].found, /broken/)
  })

  it('limits a check to the time that is left, and starts none without any', async () => {
    let clock = 0
    const limits = []
    const slow = (_, seconds) => {
      limits.push(seconds)
      clock += 10
      return { result: 'passed', found: 'x' }
    }
    const rows = await runChecks(
      [check('a', slow), check('b', slow), check('c', slow)],
      {},
      { seconds: 18, now: () => clock }
    )
    assert.deepEqual(limits, [10, 8])
    assert.match(rows[2].found, /--only browser/)
    assert.equal(rows[2].result, 'missing')
  })

  it('reports each row at once', async () => {
    const seen = []
    await runChecks(
      [check('a', () => ({ result: 'passed', found: 'x' }))],
      {},
      { seconds: 9, onRow: (row, rows) => seen.push([row.check, rows.length]) }
    )
    assert.deepEqual(seen, [['a', 1]])
  })

  it('says what is not built', async () => {
    const rows = await run(whereBuilt(false, 'dist/x.js', onnxruntimeChecks({ dtypes: DTYPES })))
    assert.ok(rows.length > 0 && rows.every(({ result, found }) => result === 'missing' && /npm run build/.test(found)))
  })
})

describe('onnxruntime', () => {
  const checks = onnxruntimeChecks({ dtypes: DTYPES })
  const answer =
    (more) =>
    async ([, , device]) => ({
      value: { scores: [0.25, 0.75], pairsPerSecond: 100, ...(device !== 'cpu' && { gpuMiB: 500, ...more }) }
    })

  it('compares the precisions that are meant for GPUs', () => {
    assert.deepEqual(
      checks.map(({ check }) => check),
      ['onnxruntime: cuda, fp32', 'onnxruntime: cuda, q8', 'onnxruntime: webgpu, fp32', 'onnxruntime: webgpu, q8']
    )
  })

  it('passes if scores agree, and runs the CPU once per precision', async () => {
    const calls = []
    const rows = await run(
      checks,
      contextOf(GPU, (args) => {
        calls.push(args.slice(2, 4).join(' '))
        return answer()(args)
      })
    )
    assert.ok(rows.every(({ result }) => result === 'passed'))
    assert.deepEqual(
      calls.filter((call) => call.startsWith('cpu')),
      ['cpu fp32', 'cpu q8']
    )
  })

  it('fails if they differ by more than the tolerance, by a NaN, or in number', async () => {
    for (const scores of [[0.25, 0.79], [NaN, 0.75], [0.25]]) {
      const rows = await run(checks, contextOf(GPU, answer({ scores })))
      assert.ok(
        rows.every(({ result }) => result === 'failed'),
        JSON.stringify(scores)
      )
    }
    assert.ok(Number.isNaN(largestDifference([1], [1, 2])))
  })

  it('is missing without a GPU, without a device, and on a software adapter; a crash is a failure', async () => {
    const results = async (facts, answer) =>
      new Set((await run(checks, contextOf(facts, answer))).map(({ result }) => result))
    assert.deepEqual(await results(NONE, answer()), new Set(['missing']))
    const unavailable = { value: { error: { code: 'device-unavailable', message: 'cuDNN 9 is missing' } } }
    assert.deepEqual(
      await results(GPU, (args) => (args[2] === 'cpu' ? answer()(args) : unavailable)),
      new Set(['missing'])
    )
    assert.deepEqual(await results(GPU, answer({ gpuMiB: 0 })), new Set(['missing']))
    const crash = { problem: 'SIGSEGV: nothing was printed' }
    assert.deepEqual(await results(GPU, (args) => (args[2] === 'cpu' ? answer()(args) : crash)), new Set(['failed']))
  })

  it('multiplies fp32 without TF32', async () => {
    const envs = {}
    await run(
      checks,
      contextOf(GPU, (args, { env }) => {
        envs[args.slice(2, 4).join(' ')] = env
        return answer()(args)
      })
    )
    assert.deepEqual(envs['cuda fp32'], { NVIDIA_TF32_OVERRIDE: '0' })
    assert.deepEqual(envs['cuda q8'], {})
  })

  it('says how much faster the device is', () => {
    const { found } = scoresRow({
      device: 'cuda',
      dtype: 'q8',
      expected: { scores: [1], pairsPerSecond: 10 },
      actual: { scores: [1], pairsPerSecond: 900, gpuMiB: 5 }
    })
    assert.equal(found, 'largest score difference 0.0e+0, 900 pairs/s (CPU, q8: 10 pairs/s)')
  })
})

describe('the browser', () => {
  const adapter = { vendor: 'nvidia', architecture: 'hopper', fallback: false }
  const row = (actual) =>
    browserRow({
      dtype: 'fp32',
      expected: { scores: [0.5] },
      actual: { browser: '150', adapter, scores: [0.5], ...actual }
    })

  it("passes on a hardware adapter with the CPU's scores, and fails with others", () => {
    assert.equal(row({}).result, 'passed')
    assert.equal(row({ scores: [0.6] }).result, 'failed')
    assert.equal(row({ error: { message: 'lost' } }).result, 'failed')
  })

  it('is missing without an adapter, and on one in software', () => {
    assert.equal(row({ adapter: undefined }).result, 'missing')
    assert.equal(row({ adapter: { ...adapter, architecture: 'swiftshader' } }).result, 'missing')
    assert.equal(row({ adapter: { ...adapter, fallback: true } }).result, 'missing')
    assert.equal(row({ error: { code: 'device-unavailable', message: 'shader-f16' } }).result, 'missing')
    assert.equal(row({ missing: 'Playwright' }).result, 'missing')
  })

  it('needs a Chromium', async () => {
    const rows = await run(
      browserChecks({ dtypes: DTYPES }),
      contextOf(GPU, () => assert.fail(), { chromium: undefined })
    )
    assert.ok(rows.every(({ result, found }) => result === 'missing' && /CHROME_PATH/.test(found)))
  })
})

describe('tensorflow', () => {
  const checks = tensorflowChecks({ rehearse: false })
  const curve = { losses: 1e-6, gradients: 1e-6, logits: 1e-6, weights: 1e-6 }
  const answers = {
    probe: { onGpu: true, tensorflow: '2.18.0' },
    reference: curve,
    write: { file: 'x' },
    compare: { relative: 1e-5, loss: 1, lossDifference: 0, cosine: 1 },
    step: { stepsPerSecond: 12.3, loss: 0.7, tensorBytes: 2e9, deviceMiB: 4096 }
  }
  const torch = { value: { torch: '2.11', step_s_median: 0.05, device_bytes: 3e9 } }
  const answer =
    (more = {}) =>
    ([file, part]) =>
      file.endsWith('.py') ? torch : { value: { ...answers, ...more }[part] }
  const steps = (rows) => rows.filter(({ check }) => check.startsWith('tensorflow: step'))

  it('runs nothing else if TensorFlow is on the CPU, and says what to install', async () => {
    const probe = { onGpu: false, tensorflow: '2.18.0' }
    const stderr = 'x.cc:1] Cannot dlopen some GPU libraries: libcudnn.so.9'
    const rows = await run(
      checks,
      contextOf(GPU, () => ({ value: probe, stderr }))
    )
    assert.ok(rows.every(({ result }) => result === 'missing'))
    assert.match(rows[0].found, /libcudnn\.so\.9/)
    assert.match(rows[0].found, /npm run setup/)
  })

  it('compares with PyTorch if it is installed, and otherwise says what is missing', async () => {
    const withTorch = steps(await run(checks, contextOf(GPU, answer())))
    assert.match(withTorch[0].found, /12\.30 steps\/s.*4\.0 GiB.*PyTorch 2\.11: 20\.00 steps\/s/)
    let asked = 0
    const without = steps(
      await run(
        checks,
        contextOf(GPU, (args) => {
          if (!args[0].endsWith('.py')) return answer()(args)
          asked++
          return { problem: 'No module named torch' }
        })
      )
    )
    assert.equal(asked, 1)
    assert.ok(without.every(({ result }) => result === 'passed'))
    assert.match(without[0].found, /No module named torch/)
  })

  it('fails on numbers outside the tolerance, on a loss that is not a number, and on a crash', async () => {
    const failedWith = async (more) =>
      Object.entries(resultsOf(await run(checks, contextOf(GPU, answer(more)))))
        .filter(([, result]) => result === 'failed')
        .map(([check]) => check)
    assert.deepEqual(await failedWith({ reference: { ...curve, weights: 3e-4 } }), ['tensorflow: bert4keras, float32'])
    assert.deepEqual(await failedWith({ compare: { relative: NaN } }), ['tensorflow: gradients against CPU'])
    assert.equal((await failedWith({ step: { ...answers.step, loss: NaN } })).length, steps(checks).length)
    const crash = await run(
      checks,
      contextOf(GPU, (args) => (args[1] === 'step' ? { problem: 'SIGSEGV' } : answer()(args)))
    )
    assert.ok(steps(crash).every(({ result, found }) => result === 'failed' && found === 'SIGSEGV'))
  })

  it('reports the cost of a step', () => {
    assert.equal(
      stepSentence({ ...answers.step, deviceMiB: undefined, torch: undefined }),
      '12.30 steps/s, tensors 2.00 GB at most'
    )
  })

  it('compares a resumed run with an uninterrupted one', async () => {
    const read = (file) => Buffer.from(file.includes('stopped') ? 'other' : 'same')
    const rows = await run(checks, contextOf(GPU, answer(), { read }))
    assert.equal(resultsOf(rows)['tensorflow: resume'], 'failed')
  })

  it('accepts a resumed run that differs only if two uninterrupted runs differ as well', () => {
    assert.equal(resumeRow({ again: [], resumed: [] }).result, 'passed')
    assert.equal(resumeRow({ again: [], resumed: ['last/ema.safetensors'] }).result, 'failed')
    const stated = resumeRow({ again: ['last/ema.safetensors'], resumed: ['last/ema.safetensors'] })
    assert.equal(stated.result, 'passed')
    assert.match(stated.found, /^not to the bit/)
  })

  it('compares weights, averages and moments byte by byte', () => {
    const read = (file) => Buffer.from(file.includes('optimizer') ? file : 'same')
    assert.deepEqual(differing('a', 'a', read), [])
    assert.deepEqual(differing('a', 'b', read), ['last/optimizer.safetensors'])
  })
})
