export { readNews } from './texts'
