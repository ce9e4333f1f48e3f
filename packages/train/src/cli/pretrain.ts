import { MatcherError } from '@sohu-match/core'
import { userPath } from '@sohu-match/node'
import type { Command } from 'commander'
import { applyOverrides, settingsName } from '../config'
import { parsePretrainSettings, pretrainPresets } from '../pretrain/config'
import { pretrain, type PretrainHooks } from '../pretrain/pretrain'
import { whole } from '../report/format'
import { weightsFolder } from './init'
import { consoleProgress, withoutText } from './report-run'
import { stopAfterStep } from './stop'

interface PretrainFlags {
  readonly text?: string
  readonly data?: string
  readonly out: string
  readonly preset: string
  readonly init?: string
  readonly set: string[]
  readonly force: boolean
}

export function addPretrain(program: Command): void {
  program
    .command('pretrain')
    .description(
      'pretrain an encoder by masked language modeling, on text lines or the texts of a data folder, for sohu --init'
    )
    .option('--text <file>', 'UTF-8 file, one text per line')
    .option('--data <dir>', 'data folder whose training pairs are read: Sohu layout or dataset.json')
    .requiredOption('--out <dir>', 'checkpoint folder to write')
    .option('--preset <name>', pretrainPresets.names().join(', '), 'pretrain-tiny')
    .option('--init <dir>', 'checkpoint or public RoFormer or BERT to continue from, or the name of one')
    .option('--set <key=value...>', 'override keys of the preset, for example --set epochs=8 mask_rate=0.2', [])
    .option('--force', 'replace what is at --out', false)
    .action(async (flags: PretrainFlags) => {
      const { text, data, out, preset, init, force } = flags
      if ((text === undefined) === (data === undefined))
        throw new MatcherError('config-invalid', 'Give either --text FILE or --data DIR to pretrain on.')
      const config = parsePretrainSettings(
        applyOverrides(await pretrainPresets.read(preset), flags.set),
        settingsName(preset, flags.set)
      )
      const stop = stopAfterStep('the checkpoint')
      const run = {
        texts: userPath((text ?? data)!),
        out: userPath(out),
        config,
        force,
        ...(init !== undefined && { init: await weightsFolder(init) })
      }
      const { steps, heldOutLoss } = await pretrain(run, { ...consoleHooks(), stopping: () => stop.signal.aborted })
      stop.dispose()
      console.log(
        `After ${whole(steps)} steps (held-out loss ${heldOutLoss.toFixed(3)}) the checkpoint is in ${out}; fine-tune it with: ` +
          `npx sohu-train sohu --init ${out} --data DIR`
      )
    })
}

function consoleHooks(): PretrainHooks {
  const { progress, say } = consoleProgress()
  return {
    onPrepare: (phase, done, total) => progress.phase(phase, done, total),
    onReady: ({ parameters, vocabulary, sequences, heldOut, steps, ...without }) => {
      say(
        `${whole(parameters)} parameters, vocabulary of ${whole(vocabulary)}; ` +
          `${whole(sequences)} sequences to train on in ${whole(steps)} steps, ${whole(heldOut)} held out.`
      )
      for (const sentence of withoutText(without)) say(sentence)
    },
    onStep: (report) => progress.step(report),
    onEpoch: ({ epoch, epochs, step, heldOutLoss }) =>
      say(`Epoch ${epoch + 1} of ${epochs}, step ${whole(step)}: held-out loss ${heldOutLoss.toFixed(3)}`)
  }
}
