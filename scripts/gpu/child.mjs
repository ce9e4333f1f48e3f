import { spawn } from 'node:child_process'

/** Number of characters kept of the end of a child's stderr. */
const KEPT = 20_000

/**
 * Runs a program in a process group of its own, which is killed after `seconds`; sends SIGTERM once its output matches `stopAt`.
 * Resolves with `{ stdout, stderr }`, and `problem`, one sentence, unless it exits with one of the `expected` codes.
 */
export function runChild(command, args, { env = {}, seconds, cwd, stopAt, expected = [0] }) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true
    })
    let [stdout, stderr, timedOut, stopped] = ['', '', false, false]
    const timer = setTimeout(() => {
      timedOut = true
      killGroup(child.pid)
    }, seconds * 1000)
    const end = (problem) => {
      clearTimeout(timer)
      resolve({ stdout, stderr, ...(problem && { problem }) })
    }
    child.stdout.on('data', (chunk) => {
      stdout += chunk
      if (!stopAt || stopped || !stopAt.test(stdout)) return
      stopped = true
      child.kill('SIGTERM')
    })
    child.stderr.on('data', (chunk) => (stderr = (stderr + chunk).slice(-KEPT)))
    child.on('error', (error) => end(`${command} does not start: ${error.message}`))
    child.on('close', (code, signal) => {
      if (timedOut) end(`it had not ended after ${Math.round(seconds)} s`)
      else end(expected.includes(code) ? undefined : `${signal ?? `exit code ${code}`}: ${lastError(stderr)}`)
    })
  })
}

/** Runs a program whose last line is a JSON value. Resolves with `{ value, stderr }`, or `{ problem, stderr }`. */
export async function runForValue(...call) {
  const { stdout, stderr, problem } = await runChild(...call)
  if (problem) return { problem, stderr }
  try {
    return { value: JSON.parse(stdout.trim().split('\n').at(-1)), stderr }
  } catch {
    return { problem: `its last line is not JSON: ${stdout.trim().slice(-200)}`, stderr }
  }
}

function killGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if (error.code !== 'ESRCH') throw error // it has exited by itself
  }
}

/** The error line in a program's stderr: Node's or Python's error, otherwise the last line. */
export function lastError(stderr) {
  const lines = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^(at |Node\.js v)/.test(line))
  const named = lines.filter((line) => /^(Error\b|\w+(\.\w+)*Error\b|sohu-match:|train:)/.test(line))
  return (named.at(-1) ?? lines.at(-1) ?? 'nothing was printed').slice(0, 600)
}
