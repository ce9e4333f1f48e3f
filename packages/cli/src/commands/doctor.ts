import { Option, type Command } from 'commander'
import { checkDevice, type NodeDevice } from '@sohu-match/sdk-node'
import { describeMachine, examine } from '../doctor'

const DEVICES: readonly NodeDevice[] = ['cpu', 'cuda', 'webgpu']

/** Adds `doctor`: what this machine can run, and why not. */
export function addDoctor(program: Command, version: string): void {
  program
    .command('doctor')
    .description('report what this machine can run, and how to fix what it cannot')
    .addOption(new Option('--device <name>', 'check only this one, and in this process').choices(DEVICES))
    .option('--json', 'print the findings as JSON')
    .action(async ({ device, json }: { device?: NodeDevice; json?: boolean }) => {
      if (device)
        return void process.stdout.write(`${JSON.stringify(await checkDevice(device))}\n`, () => process.exit(0))
      const machine = await examine(DEVICES, version)
      process.stdout.write(`${json ? JSON.stringify(machine, null, 2) : describeMachine(machine)}\n`)
      if (!machine.devices.some(({ usable }) => usable)) process.exitCode = 1
    })
}
