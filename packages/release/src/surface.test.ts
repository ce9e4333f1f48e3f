import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { expect, inject, it } from 'vitest'
import { execute } from './execute'

const installed = (path: string): string => join(inject('project'), 'node_modules/@sohu-match', path)

/** The statements of a bundled .d.ts without comments, by name: what a user of the package can see. The bundle holds only what its exports reach. */
function surface(path: string): string {
  const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true)
  const printer = ts.createPrinter({ removeComments: true })
  const print = (node: ts.Node): string => printer.printNode(ts.EmitHint.Unspecified, node, file)
  const nameOf = (node: ts.Statement): string =>
    ts.isVariableStatement(node)
      ? print(node.declarationList.declarations[0]!.name)
      : print((node as ts.DeclarationStatement).name ?? node)
  const isExport = (node: ts.Statement): boolean => ts.isExportDeclaration(node) || ts.isImportDeclaration(node)
  const named = file.statements
    .filter((node) => !isExport(node))
    .map((node) => [nameOf(node), print(node)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return [...named.map(([, text]) => text), ...file.statements.filter(isExport).map(print)].join('\n\n') + '\n'
}

/** Names that the .d.ts exports as values. */
function valuesIn(path: string): string[] {
  const program = ts.createProgram([path], { noLib: true, types: [] })
  const checker = program.getTypeChecker()
  const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(path)!)!)
  const target = (symbol: ts.Symbol): ts.Symbol =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  return exported
    .filter((symbol) => target(symbol).flags & ts.SymbolFlags.Value)
    .map(({ name }) => name)
    .sort()
}

/** After an intended change: `npx vitest run src/surface.test.ts --update` in packages/release, and read the diff. */
it.each([
  ['sdk-node', 'sdk-node/dist/index.d.ts'],
  ['sdk-web', 'sdk-web/dist/index.d.ts'],
  ['model-zh', 'model-zh/index.d.ts']
])('%s has the public surface that it had', async (name, path) => {
  await expect(surface(installed(path))).toMatchFileSnapshot(`../api/${name}.d.ts.txt`)
})

it.each([
  ['sdk-node', 'sdk-node/dist/index.d.ts', 'sdk-node/dist/index.d.cts'],
  ['model-zh', 'model-zh/index.d.ts', 'model-zh/index.d.cts']
])('%s has one surface for both module systems', (_name, module, common) => {
  expect(surface(installed(common))).toBe(surface(installed(module)))
})

it.each([
  ['sdk-node', 'sdk-node/dist/index.d.ts', true],
  ['sdk-web', 'sdk-web/dist/index.d.ts', false],
  ['model-zh', 'model-zh/index.d.ts', true]
])('%s exports at run time what its types say', async (name, path, required) => {
  const list = (expression: string): string =>
    `console.log(Object.keys(${expression}).filter((name) => name !== 'default' && name !== 'module.exports').sort().join())`
  const wanted = `${valuesIn(installed(path)).join()}\n`
  const { stdout } = await execute(
    process.execPath,
    ['--input-type=module', '-e', list(`await import('@sohu-match/${name}')`)],
    { cwd: inject('project') }
  )
  expect(stdout).toBe(wanted)
  if (!required) return
  const common = await execute(
    process.execPath,
    ['--input-type=commonjs', '-e', list(`require('@sohu-match/${name}')`)],
    { cwd: inject('project') }
  )
  expect(common).toEqual({ status: 0, stdout: wanted, stderr: '' })
})
