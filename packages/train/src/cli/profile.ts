import { MatcherError, parseModelConfig } from '@sohu-match/core'
import { userPath, writeFileAtomic } from '@sohu-match/node'
import { numberIn, wholeNumber } from '@sohu-match/node/cli'
import { Option, type Command } from 'commander'
import { applyOverrides, parseTrainSettings, presets, settingsName } from '../config'
import { recordOps, type Recording } from '../profile/record-ops'
import { chromeTrace, groupOps, timeBetweenOps, type OpGroup } from '../profile/summary'
import { profileTrainer, workloadBatch } from '../profile/workload'
import { textTable } from '../report/table'
import { onGpu } from '../tfjs'

interface ProfileOptions {
  readonly preset: string
  readonly pairs: number
  readonly tokens: number
  readonly padding: number
  readonly set: string[]
  readonly out: string
}

/** Steps before the recorded one: they lay out memory and compile oneDNN's kernels. */
const WARM_UP = 2

export function addProfile(program: Command): void {
  program
    .command('profile')
    .description('time and bytes of every operation of one training step, as a table and as a Chrome trace file')
    .addOption(new Option('--preset <name>', 'sizes and settings').choices(presets.names()).default('sohu-small'))
    .option('--pairs <n>', 'pairs in the batch', wholeNumber(1), 16)
    .option('--tokens <n>', 'tokens of each pair', wholeNumber(1), 128)
    .option('--padding <share>', 'share of them that is padding', numberIn(0, 0.99), 0)
    .option('--set <key=value...>', 'override keys of the preset, for example --set recompute=layer', [])
    .option('--out <file>', 'the trace file, for chrome://tracing or ui.perfetto.dev', 'runs/profile.json')
    .action(async (options: ProfileOptions) => {
      const recording = profileStep(applyOverrides(await presets.read(options.preset), options.set), options)
      console.log(report(recording))
      await writeFileAtomic(userPath(options.out), JSON.stringify(chromeTrace(recording)))
      console.log(`The trace is in ${options.out}; open it in chrome://tracing or ui.perfetto.dev.`)
    })
}

function profileStep(json: Record<string, unknown>, { preset, set, pairs, tokens, padding }: ProfileOptions) {
  const name = settingsName(preset, set)
  const settings = parseTrainSettings(json, name)
  const model = parseModelConfig(settings.model, `"model" of ${name}`)
  if (model.architecture === 'bi-encoder')
    throw new MatcherError('config-invalid', 'The profile is of a step on pairs; set model.architecture=cross-encoder.')
  const trainer = profileTrainer(settings, model)
  const batch = (step: number) => workloadBatch({ pairs, tokens, padding, vocabulary: model.vocabSize }, step)
  for (let step = 1; step <= WARM_UP; step++) trainer.step([batch(step)], 1e-5, step).dispose()
  const recording = recordOps((onKernel) => trainer.step([batch(WARM_UP + 1)], 1e-5, WARM_UP + 1, onKernel).dispose())
  trainer.dispose()
  return recording
}

function report(recording: Recording<unknown>): string {
  const total = recording.duration / 1000
  const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1)
  const table = (head: string, groups: readonly OpGroup[]): string =>
    textTable(
      [head, 'calls', 'ms', 'share', 'MB written'],
      groups.map(({ name, calls, time, bytes }) => [
        name,
        String(calls),
        time.toFixed(1),
        `${((100 * time) / total).toFixed(1)} %`,
        megabytes(bytes)
      ])
    )
  return [
    table(
      'kernel',
      groupOps(recording.ops, ({ kernel, phase }) => `${kernel}, ${phase}`)
    ),
    table(
      'operation',
      groupOps(recording.ops, ({ op }) => op)
    ),
    `One step: ${total.toFixed(1)} ms, ${timeBetweenOps(recording).toFixed(1)} of them between ${recording.ops.length} operations; ` +
      `${megabytes(recording.peakBytes)} MB of tensors at most; ${recording.reads} reads by the host.`,
    ...(onGpu ? ['Operations run asynchronously on this GPU: the times are those of their launches.'] : [])
  ].join('\n')
}
