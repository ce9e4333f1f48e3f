export { syncFolder, syncTree, writeFileAtomic } from './atomic'
export { readError, storageError } from './errors'
export { recoverFolder, replaceFolder } from './folder'
export { readBytes, readJson, readText, sha256, sha256File, userPath } from './read'
