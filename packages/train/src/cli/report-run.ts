import { createProgress } from '../report/bar'
import { whole } from '../report/format'
import type { TaskMatch } from '../checkpoint/tasks-by-name'
import { summaryText } from '../pretrained/plan'
import { jsonLine, metricsTable } from '../report/table'
import type { RunHooks, RunReady } from '../run/execution'
import type { Without } from '../run/machine'

/** A bar on stderr, and a function that prints to stdout below it. */
export function consoleProgress() {
  const progress = createProgress(process.stderr)
  const say = (text: string): void => {
    progress.close()
    console.log(text)
  }
  return { progress, say }
}

/** A bar on stderr, a table after each epoch on stdout. */
export function consoleHooks(): RunHooks {
  const { progress, say } = consoleProgress()
  return {
    onPrepare: (phase, done, total) => progress.phase(phase, done, total),
    onReady: (ready) => say(readyText(ready)),
    onStep: (report) => progress.step(report),
    onEvaluation: (done, total) => progress.phase('evaluate', done, total),
    onEpoch: ({ epoch, epochs, step, metrics, improved }) =>
      say(
        [
          `Epoch ${epoch + 1} of ${epochs}, step ${whole(step)}: averaged weights on the valid split${improved ? ' (the best so far)' : ''}`,
          metricsTable(metrics, { color: process.stdout.isTTY })
        ].join('\n')
      )
  }
}

/** A JSON line for each event on stdout. */
export function jsonHooks(): RunHooks {
  const write = (type: string, values: object): void => void process.stdout.write(jsonLine(type, values))
  return {
    onReady: (ready) => write('ready', ready),
    onStep: (report) => write('step', report),
    onEpoch: ({ epoch, step, metrics, improved }) => write('epoch', { epoch, step, improved, ...metrics })
  }
}

function readyText(ready: RunReady): string {
  const { parameters, vocabulary, trainPairs, validPairs, missing, notes, resumedAt, taken, match } = ready
  return [
    ...notes,
    ...(taken ? [summaryText(taken)] : []),
    ...(match?.fresh.length ? [matchText(match)] : []),
    `${whole(parameters)} parameters, vocabulary of ${whole(vocabulary)}; ${whole(trainPairs)} pairs to train on, ${whole(validPairs)} to evaluate.`,
    ...withoutText(ready),
    ...(missing.length > 0 ? [`Not in the data folder, so left out: ${missing.join(', ')}.`] : []),
    ...(resumedAt.step > 0 ? [`Resuming after step ${whole(resumedAt.step)}.`] : [])
  ].join('\n')
}

/** Sentences about what the run asked for and does without. */
export function withoutText({ withoutKernels, withoutBfloat16 }: Without): string[] {
  return [
    ...(withoutKernels ? [`The run does without fused kernels: ${withoutKernels}.`] : []),
    ...(withoutBfloat16
      ? [
          'This machine has no bfloat16 instructions (processors with AVX512-BF16, AMX or Arm bf16, GPUs from Ampere on); the run is in float32.'
        ]
      : [])
  ]
}

function matchText({ kept, fresh }: TaskMatch): string {
  const list = (names: readonly string[]): string => (names.length > 0 ? names.join(', ') : 'none')
  return `Tasks of --init, by name: ${list(kept)} kept; ${list(fresh)} new, so ${fresh.length > 1 ? 'they start' : 'it starts'} from scratch.`
}
