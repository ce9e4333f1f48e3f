export { readDataset, type Dataset, type SplitName } from '@sohu-match/files'
