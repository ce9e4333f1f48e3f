// Proves that the parity tests can fail: makes one known mistake at a time in a copy of the sources and expects a test to notice.
import { spawnSync } from 'node:child_process'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const copy = `${root}/mutant`

const mutations = [
  { name: 'none (the control)', survives: true, file: 'autograd/pass.ts', from: '', to: '' },
  {
    name: 'half-split RoPE',
    file: 'autograd/kernels/rotary.ts',
    from: /const pairs = asComplex\(.*\n\s+return .*\n/,
    to: `const [batch, seq, hidden] = x.shape
  const halves = (t, sizes) => tf.transpose(tf.reshape(t, [batch, seq, hidden / 8, ...sizes]), [0, 1, 2, 4, 3])
  const pairs = asComplex(tf.reshape(halves(x, [2, 4]), [batch, -1, 2]))
  return tf.reshape(halves(asReal(complexMul(pairs, table)), [4, 2]), x.shape)\n`
  },
  {
    name: 'tanh GELU',
    file: 'autograd/kernels/gelu.ts',
    from: /chain\(\s*unary\('Erf', scaled\),\s*\(erf\) => tf\.mul\(erf, 0\.5\),\s*\(half\) => tf\.add\(half, 0\.5\)\s*\)/,
    to: 'tf.add(tf.mul(tf.tanh(tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.pow(x, 3))))), 0.5), 0.5)'
  },
  {
    name: 'unmasked mean',
    file: 'autograd/kernels/pooling.ts',
    from: 'tf.div(mask, tf.sum(mask, 1, true))',
    to: 'tf.div(tf.onesLike(mask), seq)'
  },
  {
    name: 'swapped gamma and beta conditions',
    file: 'autograd/pass.ts',
    from: 'model.variables.get(name)!',
    to: "model.variables.get(name.replace(/(gamma|beta)_cond$/, (_, kind) => (kind === 'gamma' ? 'beta_cond' : 'gamma_cond')))!"
  },
  {
    name: 'keys not masked',
    file: 'autograd/kernels/attention.ts',
    from: 'bias ? [(x: Tensor) => tf.add(x, bias)] : []',
    to: '[]'
  }
]

let failed = 0
for (const { name, file, from, to, survives = false } of mutations) {
  rmSync(copy, { recursive: true, force: true })
  cpSync(`${root}/src`, copy, { recursive: true })
  const source = readFileSync(`${copy}/${file}`, 'utf8')
  const mutated = source.replace(from, to)
  if (!survives && mutated === source)
    throw new Error(`${name}: ${file} no longer has the text that this mutation changes; bring it up to date.`)
  writeFileSync(`${copy}/${file}`, mutated)
  const { status } = spawnSync('npx', ['vitest', 'run', '--root', root, 'mutant/checkpoint/parity.test.ts'], {
    cwd: root,
    stdio: 'ignore'
  })
  const passed = status === 0
  if (passed !== survives) failed++
  console.log(`${passed === survives ? 'ok  ' : 'FAIL'} ${name}: the parity tests ${passed ? 'pass' : 'fail'}`)
}
rmSync(copy, { recursive: true, force: true })
process.exitCode = failed > 0 ? 1 : 0
