import cliProgress from 'cli-progress'
import type { StepReport } from '../step/loss-meter'
import { duration, percent, significant, whole } from './format'

/** A progress display. `close` leaves the last state on the screen. */
export interface ProgressView {
  /** Work before and between steps, such as tokenizing: `done` of `total`. */
  phase(label: string, done: number, total: number): void
  step(report: StepReport): void
  /** Prints text (a table, a remark) above the bar. */
  print(text: string): void
  close(): void
}

export interface ProgressOptions {
  /** Seconds between lines if the output is not a terminal. Default: 10. */
  readonly everySeconds?: number
  /** Clock in milliseconds, for tests. Default: `performance.now`. */
  readonly now?: () => number
}

/** Weight of the newest report in the smoothed step time; keeps reports of long batches from changing the ETA much. */
const NEWEST = 0.1

/** A bar on a terminal; otherwise (Nx, files) a plain line every few seconds. */
export function createProgress(
  stream: NodeJS.WritableStream & { readonly isTTY?: boolean },
  options: ProgressOptions = {}
): ProgressView {
  return stream.isTTY ? barProgress(stream) : lineProgress(stream, options)
}

/** `epoch 1/3  loss 0.512  lr 0.000500  85 pairs/s  9,120 tokens/s  padding 3 %  ETA 4 min 10 s` */
export function stepFigures(report: StepReport, secondsPerStep: number): string {
  return [
    `epoch ${report.epoch + 1}/${report.epochs}`,
    `loss ${significant(report.loss)}`,
    `lr ${significant(report.learningRate)}`,
    `${whole(report.pairs / report.seconds)} pairs/s`,
    `${whole(report.tokens / report.seconds)} tokens/s`,
    `padding ${percent(report.paddingShare)}`,
    `ETA ${duration((report.steps - report.step) * secondsPerStep)}`
  ].join('  ')
}

/** Seconds per step, smoothed over reports. */
function stepTimer(): (report: StepReport) => number {
  let last: { step: number; seconds: number } | undefined
  return ({ step, seconds }) => {
    // The first report of a resumed run does not say how many steps it covers; the loop reports every 10.
    const newest = seconds / Math.max(1, step - (last?.step ?? step - 10))
    last = { step, seconds: last ? (1 - NEWEST) * last.seconds + NEWEST * newest : newest }
    return last.seconds
  }
}

function barProgress(stream: NodeJS.WritableStream): ProgressView {
  const timer = stepTimer()
  let bar: cliProgress.SingleBar | undefined
  let shown = ''
  const close = () => {
    bar?.stop()
    bar = undefined
  }
  const show = (label: string, done: number, total: number, figures: string) => {
    if (shown !== label) close()
    shown = label
    bar ??= start(stream, label, total)
    bar.update(done, { figures })
    if (done >= total) close()
  }
  return {
    phase: (label, done, total) => {
      if (bar || done < total) show(label, done, total, '')
    },
    step: (report) => show('step', report.step, report.steps, stepFigures(report, timer(report))),
    print(text) {
      close()
      stream.write(`${text}\n`)
    },
    close
  }
}

function start(stream: NodeJS.WritableStream, label: string, total: number): cliProgress.SingleBar {
  const bar = new cliProgress.SingleBar(
    {
      stream,
      format: `${label} {value}/{total} {bar} {figures}`,
      barsize: 20,
      hideCursor: true,
      linewrap: false,
      fps: 5,
      emptyOnZero: true
    },
    cliProgress.Presets.shades_classic
  )
  bar.start(total, 0, { figures: '' })
  return bar
}

function lineProgress(
  stream: NodeJS.WritableStream,
  { everySeconds = 10, now = () => performance.now() }: ProgressOptions
): ProgressView {
  const timer = stepTimer()
  let label = ''
  let written = -Infinity
  const line = (of: string, text: string, last: boolean) => {
    if (of === label && !last && now() - written < everySeconds * 1000) return
    label = of
    written = now()
    stream.write(`${text}\n`)
  }
  return {
    phase: (of, done, total) => {
      if (done > 0) line(of, `${of} ${whole(done)}/${whole(total)}`, done >= total)
    },
    step(report) {
      const figures = stepFigures(report, timer(report))
      line('step', `step ${whole(report.step)}/${whole(report.steps)}  ${figures}`, report.step >= report.steps)
    },
    print: (text) => void stream.write(`${text}\n`),
    close: () => undefined
  }
}
