import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Side } from './sides'

/** Requirements of the Python script. */
const HELP =
  'set PYTHON to one with onnxruntime, jieba and numpy: python3 -m venv DIR && DIR/bin/pip install onnxruntime==1.30.0 jieba==0.42.1 numpy'

/** The Python script on the same graph, from texts, timed by itself; or the reason why it cannot run. */
export async function pythonSide(scripts: string, args: readonly string[]): Promise<Side | string> {
  const python = process.env['PYTHON'] ?? 'python3'
  const child = spawn(python, [join(scripts, 'match_peer.py'), ...args], { stdio: ['pipe', 'pipe', 'ignore'] })
  const failed = new Promise<string>((resolve) => child.once('error', (error) => resolve(error.message)))
  child.stdin.on('error', () => undefined) // a peer that exits early shows as the end of its output
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ready = await Promise.race([lines.next().then(({ value }) => value as string | undefined), failed])
  if (ready !== 'ready') return `${python}: ${ready ?? 'no answer'}; ${HELP}`
  return {
    name: 'Python, onnxruntime and jieba',
    sameKernels: false,
    async score(pairs) {
      child.stdin.write(`${JSON.stringify(pairs.map(({ a, b }) => [a, b]))}\n`)
      const { value, done } = await lines.next()
      if (done) throw new Error('The Python script ended while it scored; run it alone to see why.')
      const { seconds, scores } = JSON.parse(value as string) as { seconds: number; scores: number[] }
      return { scores, ms: seconds * 1000 }
    },
    close: async () => void child.stdin.end()
  }
}
