/**
 * Everything in a document that is not tried, and why. A block that neither fits a way of trying it (classify.ts) nor stands here fails the check;
 * so does an entry here that fits nothing any more.
 */

/** Languages that show something and are no program. */
export const SHOWN: Readonly<Record<string, string>> = {
  text: 'output, a header or a drawing: no program',
  mermaid: 'a picture',
  http: 'a request or an answer as it travels',
  csv: 'data',
  nginx: 'the configuration of a server that is not installed here',
  caddyfile: 'the configuration of a server that is not installed here',
  dockerfile: 'a container image; no container engine is installed here',
  ini: 'the configuration of a service manager'
}

/** Single blocks, by document and a piece of their code. */
export const BLOCKS: readonly { readonly file: string; readonly has: string; readonly reason: string }[] = []

/** Programs in `sh` blocks that are no part of this repository: the line is not run. */
export const PROGRAMS: Readonly<Record<string, string>> = {
  cd: 'a folder of the reader\'s',
  mkdir: 'a folder of the reader\'s',
  echo: 'prints',
  cat: 'prints',
  git: 'a clone of the reader\'s',
  'apt-get': 'changes the system; scripts/setup is tested by itself',
  docker: 'no container engine is installed here',
  podman: 'no container engine is installed here',
  tensorboard: 'a Python program of the reader\'s',
  'spark-submit': 'examples/spark has a test of its own',
  java: 'examples/spark has a test of its own',
  pip: 'a Python environment of the reader\'s',
  python3: 'a Python environment of the reader\'s',
  python: 'a Python environment of the reader\'s',
  systemctl: 'no service manager runs here',
  'nvidia-smi': 'no GPU here',
  node: 'its file is looked for, and its flags are not',
  curl: 'its address is looked for among the server\'s routes'
}
